"""Files of sound of every kind, whole, joined, cut and overwritten, and what ffmpeg itself makes of them."""

import re
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]

# an older one leaves the encoder's padding at an end of mp4 and Matroska, and loses good frames of FLAC before damage
FFMPEG_IS_EXACT = int(re.search(r"\d+", imageio_ffmpeg.get_ffmpeg_version())[0]) >= 8

# what files people have, by the name of the file: rate, channels, and ffmpeg's options
KINDS = {
    "pcm.wav": (44_100, 2, []),
    "24bit.wav": (48_000, 1, ["-c:a", "pcm_s24le"]),
    "8bit.wav": (11_025, 1, ["-c:a", "pcm_u8"]),
    "float.wav": (16_000, 2, ["-c:a", "pcm_f32le"]),
    "64bit.wav": (16_000, 2, ["-c:a", "pcm_s64le"]),
    "alaw.wav": (8_000, 1, ["-c:a", "pcm_alaw"]),
    "adpcm.wav": (22_050, 1, ["-c:a", "adpcm_ms"]),
    "mp3inside.wav": (44_100, 1, ["-c:a", "libmp3lame", "-b:a", "64k"]),
    "x.aiff": (44_100, 2, []),
    "x.au": (22_050, 1, []),
    "x.caf": (44_100, 2, []),
    "x.w64": (44_100, 1, []),
    "constant.mp3": (44_100, 2, ["-b:a", "96k"]),
    "variable.mp3": (44_100, 1, ["-q:a", "5"]),
    "headless.mp3": (44_100, 1, ["-q:a", "5", "-write_xing", "0"]),
    "headless_constant.mp3": (44_100, 2, ["-b:a", "64k", "-write_xing", "0", "-id3v2_version", "0"]),
    "joint_stereo.mp3": (44_100, 2, ["-b:a", "64k", "-joint_stereo", "1"]),
    "mpeg2.mp3": (22_050, 1, ["-b:a", "32k"]),
    "mpeg2_variable.mp3": (24_000, 2, ["-q:a", "6"]),
    "mpeg25.mp3": (11_025, 1, ["-b:a", "16k"]),
    "mpeg25_variable.mp3": (8_000, 1, ["-q:a", "6", "-write_xing", "0"]),
    "layer2.mp2": (48_000, 2, ["-b:a", "128k"]),
    "layer2_mpeg2.mp2": (22_050, 1, ["-b:a", "48k"]),
    "x.aac": (44_100, 2, ["-b:a", "96k"]),
    "x.m4a": (44_100, 2, ["-b:a", "96k", "-aac_pns", "0"]),
    "x.m4b": (22_050, 1, ["-c:a", "aac", "-b:a", "48k", "-aac_pns", "0", "-f", "ipod"]),
    "x.mov": (44_100, 1, ["-c:a", "aac", "-aac_pns", "0"]),
    "x.3gp": (8_000, 1, ["-c:a", "aac", "-aac_pns", "0"]),
    "lossless.m4a": (44_100, 2, ["-c:a", "alac"]),
    "vorbis.ogg": (44_100, 2, ["-c:a", "libvorbis"]),
    "x.oga": (32_000, 1, ["-c:a", "libvorbis"]),
    "x.opus": (48_000, 1, ["-c:a", "libopus", "-b:a", "32k"]),
    "flac.ogg": (44_100, 1, ["-c:a", "flac"]),
    "x.flac": (44_100, 2, []),
    "x.wma": (44_100, 2, ["-c:a", "wmav2"]),
    "old.wma": (22_050, 1, ["-c:a", "wmav1"]),
    "x.mkv": (44_100, 2, ["-c:a", "aac", "-aac_pns", "0"]),
    "x.mka": (44_100, 1, ["-c:a", "libmp3lame", "-b:a", "64k"]),
    "x.webm": (48_000, 1, ["-c:a", "libopus"]),
    "x.ac3": (48_000, 2, []),
    "x.wv": (44_100, 1, []),
    "x.tta": (44_100, 1, []),
}


def show_like(seconds, sr, channels, seed=0):
    """Rising tones in noise, another in each channel: no two places sound alike. (n_samples, channels)"""
    times = np.arange(round(seconds * sr)) / sr
    top = min(sr / 4, 4_000) / seconds
    rising = [np.sin(2 * np.pi * (200 * (1 + k) * times + (0.5 + 0.2 * k) * top * times**2)) for k in range(channels)]
    noise = np.random.default_rng(seed).standard_normal((len(times), channels))
    return (0.3 * np.array(rising).T + 0.01 * noise).astype(np.float32)


def encode(y, sr, path, *options):
    """Write samples (n_samples,) or (n_samples, channels) in the format that the name says."""
    channels = 1 if y.ndim == 1 else y.shape[1]
    source = ["-f", "f32le", "-ar", str(sr), "-ac", str(channels), "-i", "-"]
    subprocess.run([*FFMPEG, *source, *options, str(path)], input=y.astype("<f4").tobytes(), check=True)
    return path


def make(kind, path, seconds=12.0, seed=0):
    """A file of one of the KINDS."""
    sr, channels, options = KINDS[kind]
    return encode(show_like(seconds, sr, channels, seed), sr, path, *options)


def as_ffmpeg_decodes(path, channels):
    """All samples of a file that ffmpeg itself makes, (n_samples, channels); none where it finds no sound."""
    command = [*FFMPEG, "-i", str(path), "-map", "0:a:0", "-f", "f32le", "-"]
    raw = subprocess.run(command, capture_output=True, check=False).stdout
    return np.frombuffer(raw[: len(raw) // (4 * channels) * 4 * channels], "<f4").reshape(-1, channels)
