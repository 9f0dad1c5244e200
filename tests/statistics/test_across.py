"""Across recordings: what can be compared, the table of the design, and what changed at an event."""

import linearmodels
import numpy as np
import pandas as pd
import pytest
import soundfile
import statsmodels.api as sm
from scipy import stats

from tutorial_helpers import corpora, data_prep, features, metadata, segments
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.statistics import across, within
from tutorial_helpers.synthesis import harmonic_voice

SR = data_prep.SR
# a series without noise is fitted perfectly: the logarithm of no residuals, and a share of two nothings
without_noise = pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")


def rng(seed=1):
    return np.random.default_rng(seed)


def recordings(**columns):
    """A recordings table as corpora makes it, all speech."""
    n = len(next(iter(columns.values())))
    rows = {f"r{i:02d}": {"path": f"r{i:02d}.wav", "kind": "speech"} for i in range(n)}
    table = metadata.recordings_table(rows)
    for name, values in columns.items():
        table[name] = pd.Series(values, index=table.index).astype(table[name].dtype)
    return table


def spoken_in(table):
    """One segment a recording, as `corpora.spoken` gives them where turns are not known."""
    return corpora.spoken(corpora.Corpus("test", table, None, None, table.index[0]))


def measured_episodes(**columns):
    """Recordings and speakers as `segments.measure` gives them."""
    n = len(next(iter(columns.values())))
    plain = {"recording": "r", "speaker": "a", "semitones": 0.0, "f0": 100.0, "level": -20.0, "rolloff": 1000.0}
    plain |= {"rate": 4.0, "voiced": 0.5, "seconds": 1.0, "centroid": 900.0, "pitch_flag": ""}
    return pd.DataFrame(plain, index=range(n)).assign(**columns)


# what can be compared


def test_a_folder_with_dates_is_parted_at_the_event():
    table = recordings(date=pd.date_range("2022-11-01", periods=8))
    chosen, sentence = across.choose_design(table, rng(), event_date="2022-11-04")
    assert chosen["side"].tolist() == [0] * 3 + [1] * 5
    assert chosen["label"].tolist() == ["before"] * 3 + ["after"] * 5
    assert chosen["series"].eq("").all() and chosen["unit"].tolist() == chosen.index.tolist()
    assert sentence == "Recordings before 2022-11-04 and from then on."


def test_without_an_event_the_median_date_is_a_placebo_and_the_sentence_says_so():
    chosen, sentence = across.choose_design(recordings(date=pd.date_range("2022-11-01", periods=8)), rng())
    assert chosen["side"].value_counts().to_dict() == {0: 4, 1: 4}
    assert "placebo" in sentence


def test_treated_goes_before_groups_and_groups_before_a_placebo():
    columns = {"date": pd.date_range("2022-11-01", periods=6), "group": ["a", "b"] * 3}
    by_group, _ = across.choose_design(recordings(**columns), rng())
    assert by_group["label"].tolist() == ["a"] * 3 + ["b"] * 3
    treated, _ = across.choose_design(recordings(**columns, treated=[True] * 3 + [False] * 3), rng())
    assert treated["label"].tolist() == ["not treated"] * 3 + ["treated"] * 3
    assert treated.index.tolist() == ["r03", "r04", "r05", "r00", "r01", "r02"]
    one_group_a_side = recordings(group=["FM"] * 3 + ["web"] * 3, treated=[False] * 3 + [True] * 3)
    assert across.choose_design(one_group_a_side, rng())[0]["label"].tolist() == ["FM"] * 3 + ["web"] * 3


def test_a_group_is_compared_with_all_others():
    table = recordings(group=["FM"] * 4 + ["web"] * 3 + ["club"] * 2 + [pd.NA] * 2)
    chosen, sentence = across.choose_design(table, rng(), group="FM")
    assert chosen.groupby("label")["side"].agg(["first", "size"]).to_dict("index") == {
        "FM": {"first": 1, "size": 4},
        "others": {"first": 0, "size": 5},
    }
    assert set(chosen.loc[chosen["side"] == 1, "group"]) == {"FM"} and chosen["series"].eq("").all()
    assert sentence == "Recordings of FM and of all other groups."


def test_an_event_of_one_group_makes_it_a_series_and_the_others_another():
    weeks = pd.date_range("2022-01-02", periods=10, freq="7D")
    table = recordings(date=weeks.repeat(3), group=["FM", "web", pd.NA] * 10)
    chosen, sentence = across.choose_design(table, rng(), event_date="2022-01-30", group="FM")
    assert sentence == "Recordings before 2022-01-30 and from then on, of FM, with the others for comparison."
    assert chosen.groupby("series")["group"].unique().str[0].to_dict() == {"FM": "FM", "others": "web"}
    assert chosen["group"].notna().all()
    assert chosen.groupby(["series", "label"]).size().tolist() == [6, 4, 6, 4]
    assert (chosen["side"] == (chosen["date"] >= "2022-01-30")).all()
    assert chosen["series"].iloc[0] == "FM"


def test_fewer_than_three_others_on_a_side_make_no_comparison_series():
    table = recordings(date=pd.date_range("2022-01-02", periods=10), group=["web"] * 2 + ["FM"] * 6 + ["web"] * 2)
    chosen, _ = across.choose_design(table, rng(), event_date="2022-01-07", group="FM")
    assert set(chosen["series"]) == {"FM"} and len(chosen) == 6


def test_no_more_than_the_stated_number_is_drawn_half_on_either_side_of_each_series():
    table = recordings(group=["a"] * 40 + ["b"] * 10)
    chosen, _ = across.choose_design(table, rng(), most=12)
    assert chosen["side"].value_counts().to_dict() == {0: 6, 1: 6} and chosen.index.is_unique
    assert chosen.index.tolist() == across.choose_design(table, rng(), most=12)[0].index.tolist()
    table = recordings(date=pd.date_range("2022-01-02", periods=40), group=["FM", "web"] * 20)
    chosen, _ = across.choose_design(table, rng(), event_date="2022-01-22", group="FM", most=8)
    assert chosen.groupby(["series", "side"]).size().tolist() == [4, 4, 4, 4]


@pytest.mark.parametrize(
    "table",
    [
        recordings(speaker=["a"] * 9),
        recordings(date=pd.date_range("2022-11-01", periods=5)),
        recordings(date=[pd.Timestamp("2022-11-01")] * 9),
        recordings(group=["a"] * 9 + ["b"] * 2),
        recordings(group=["a"] * 5 + ["b"] * 5).assign(kind="sound"),
    ],
)
def test_where_nothing_can_be_compared_one_sentence_says_what_is_missing(table):
    chosen, sentence = across.choose_design(table, rng())
    assert chosen.empty and "not compared" in sentence and "3 or more" in sentence
    assert across.design_table(measured_episodes(recording=list(table.index)), chosen).empty


@pytest.mark.parametrize(
    ("event_date", "words"),
    [("next week", "'next week', which is no date"), ("2030-01-01", "from 2022-11-01 to 2022-11-08")],
)
def test_an_event_date_that_parts_nothing_is_refused_by_name(event_date, words):
    with pytest.raises(TutorialError, match=words):
        across.choose_design(recordings(date=pd.date_range("2022-11-01", periods=8)), rng(), event_date=event_date)


def test_a_group_that_no_recording_is_of_is_refused_and_the_groups_are_named():
    with pytest.raises(TutorialError, match="No recording is of the group 'AM'.*has: FM, web"):
        across.choose_design(recordings(group=["web", "FM"] * 4), rng(), group="AM")
    with pytest.raises(TutorialError, match="'AM'.*has: nothing"):
        across.choose_design(recordings(group=[pd.NA] * 4), rng(), group="AM")


# pairs of recordings


@pytest.fixture(scope="module")
def paired(tmp_path_factory):
    """One speaker, two languages, the second two semitones higher; one prompt said in one language only."""
    folder = tmp_path_factory.mktemp("prompts")
    pitches = dict(zip("abcdef", (110, 120, 130, 140, 150, 160), strict=True))
    names = {f"en/{name}": f0 for name, f0 in pitches.items()} | {"en/alone": 120.0, "en/noise": None}
    names |= {f"es/{name}": f0 * 2 ** (2 / 12) for name, f0 in pitches.items()}
    for name, f0 in names.items():
        path = folder / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        noise = 0.2 * rng().standard_normal(2 * SR)
        soundfile.write(path, noise if f0 is None else harmonic_voice(f0, seconds=2.0, syllables=4.0), SR)
    table = corpora.load(folder).recordings
    group = table.index.str[:2].map({"en": "English", "es": "Spanish"})
    return table.assign(speaker="Ann", group=pd.Series(group, index=table.index).astype("string"))


def measured_design(chosen):
    """The chosen recordings as lesson 04 measures them where turns are not known."""
    spoken = spoken_in(chosen)
    episodes = segments.measure(features.frames_of_segments(spoken), spoken, by=["recording", "speaker"])
    return across.design_table(episodes, chosen)


def test_one_speaker_in_two_groups_is_paired_by_name(paired):
    chosen, sentence = across.choose_design(paired, rng())
    assert sentence == "6 pairs: one voice, one prompt, in English and in Spanish."
    assert all(sorted(pair) == [0, 1] for _, pair in chosen.groupby("unit")["side"])
    assert "alone" not in set(chosen["unit"])
    assert chosen.groupby("label")["side"].first().to_dict() == {"English": 0, "Spanish": 1}
    assert len(across.choose_design(paired, rng(), most=8)[0]) == 8
    assert "pairs" not in across.choose_design(paired, rng(), start=1.0)[1]  # too short from there on


def test_a_known_difference_of_two_semitones_is_measured(paired):
    table = measured_design(across.choose_design(paired, rng())[0])
    wide = table.pivot(index="unit", columns="side", values="semitones")
    assert (wide[1] - wide[0]).tolist() == pytest.approx([2.0] * 6, abs=0.05)
    assert table["rate"].tolist() == pytest.approx([4.0] * 12, abs=0.6)


def test_where_half_a_pair_has_no_voice_the_other_half_goes_too_and_all_where_few_are_left(paired):
    chosen, _ = across.choose_design(paired, rng())
    noise = paired.loc["en/noise", "path"]
    one_less = measured_design(chosen.assign(path=chosen["path"].mask(chosen.index == "es/a", noise)))
    assert sorted(one_less["unit"].unique()) == list("bcdef") and len(one_less) == 10
    assert measured_design(chosen.assign(path=chosen["path"].mask(chosen["unit"].isin(list("abcd")), noise))).empty


def test_a_paired_difference_by_ols_with_pair_fixed_effects_is_the_paired_t_test():
    """The roads of the lesson, on a table as `design_table` gives: fixed effects exactly, clusters to (2n-1)/(2n-2)."""
    n, zero = 20, rng().normal(size=20)
    one = zero + 0.5 + 0.5 * rng(2).normal(size=n)
    table = pd.DataFrame({"y": np.concatenate([zero, one]), "side": np.repeat([0.0, 1.0], n)})
    pair = np.tile(np.arange(n), 2)
    test = stats.ttest_rel(one, zero)
    fixed = sm.OLS(table["y"], pd.get_dummies(pair, dtype=float).assign(side=table["side"])).fit()
    assert fixed.pvalues["side"] == pytest.approx(test.pvalue)
    assert fixed.conf_int().loc["side"].tolist() == pytest.approx(list(test.confidence_interval()))
    X = sm.add_constant(table["side"])
    clustered = sm.OLS(table["y"], X).fit(cov_type="cluster", cov_kwds={"groups": pair}, use_t=True)
    assert clustered.params["side"] == pytest.approx(np.mean(one - zero))
    correction = np.sqrt((2 * n - 1) / (2 * n - 2))
    assert clustered.tvalues["side"] * correction == pytest.approx(test.statistic)


# the table of a design


def chosen_by_date(n=10, event=5):
    """Recordings of `choose_design` around an event, the latest first."""
    table = recordings(date=pd.date_range("2022-01-02", periods=n, freq="7D"))
    date = f"{table['date'].iloc[event]:%Y-%m-%d}"
    return across.choose_design(table, rng(), event_date=date)[0].iloc[::-1]


def test_with_a_focus_every_speaker_is_a_series_and_its_condition_that_of_the_recording():
    chosen = chosen_by_date()
    episodes = measured_episodes(recording=chosen.index.repeat(2), speaker=["host", "cohost"] * 10)
    episodes["semitones"] = np.where(episodes["speaker"] == "host", 1.0, 9.0)
    table = across.design_table(episodes, chosen, focus="host")
    assert table.groupby("series")["semitones"].unique().str[0].to_dict() == {"host": 1.0, "cohost": 9.0}
    assert table.groupby(["series", "side"]).size().tolist() == [5] * 4
    assert table["date"].is_monotonic_increasing and "speaker" not in table
    assert (table["side"] == (table["date"] >= "2022-02-06")).all()


def test_where_the_speaker_in_focus_is_heard_in_fewer_than_three_on_a_side_nothing_is_compared():
    chosen = chosen_by_date()
    episodes = measured_episodes(recording=list(chosen.index), speaker=["host"] * 3 + ["cohost"] * 2 + ["host"] * 5)
    assert len(across.design_table(episodes, chosen, focus="host")) == 10
    episodes.loc[0, "semitones"] = np.nan  # no voice there
    assert across.design_table(episodes, chosen, focus="host").empty


def test_without_a_focus_the_series_is_that_of_the_design_and_rows_follow_by_date():
    chosen = chosen_by_date().assign(listeners=np.arange(10))
    episodes = measured_episodes(recording=list(chosen.index), speaker=pd.array([pd.NA] * 10, "string"))
    table = across.design_table(episodes, chosen)
    assert table.index.tolist() == chosen.index[::-1].tolist()
    assert table["listeners"].tolist() == list(range(9, -1, -1)) and table["series"].eq("").all()


def test_every_column_that_a_design_adds_is_one_that_a_learner_may_not_have():
    chosen = chosen_by_date()
    table = across.design_table(measured_episodes(recording=list(chosen.index)), chosen)
    added = set(table.columns) - set(metadata.COLUMNS)
    assert added == across.RESERVED_COLUMNS
    known = recordings(date=pd.date_range("2022-01-02", periods=8)).assign(listeners=3)
    assert "listeners" in across.choose_design(known, rng())[0]
    for name in added:
        with pytest.raises(TutorialError, match=f"column '{name}'.*Call it something else"):
            across.choose_design(known.assign(**{name: 3}), rng())


def test_what_is_followed_is_pitch_or_the_learners_own_column():
    table = measured_episodes(semitones=[1.0])[[*across.MEASURES, "f0"]].assign(listeners=7, side=0, label="after")
    assert across.outcome_column(table) == "semitones"
    for name in (*across.MEASURES, "listeners"):
        assert across.outcome_column(table, name) == name
    table["treated"] = pd.array([True], "boolean")
    for name in ("label", "side", "treated", "f0", "mood"):
        words = f"called '{name}' to follow. Give one of these as outcome: semitones, rate, level, rolloff, listeners"
        with pytest.raises(TutorialError, match=words + r"\.$"):
            across.outcome_column(table, name)


# voices that are measured


def test_some_of_four_voices_are_measured_too_where_the_chosen_recordings_have_few(monkeypatch):
    monkeypatch.setattr(data_prep, "length", lambda path: 3.0)
    table = recordings(speaker=list("a" * 15 + "b" * 12 + "c" * 11 + "d" * 4 + "e" * 3))
    wanted = across.choose_segments(spoken_in(table), table.iloc[[20, 3]], rng(), most=5)
    assert wanted.index.is_unique and {"r20", "r03"} <= set(wanted.index)
    counts = wanted.drop(index=["r20", "r03"])["speaker"].value_counts()
    assert set(counts.index) == set("abcd")
    assert counts["c"] == 5 and counts["d"] == 4 and counts["a"] in (4, 5) and counts["b"] in (4, 5)


def test_no_more_is_measured_than_the_chosen_where_they_hold_three_speakers_or_nobody_has_more():
    several = recordings(speaker=list("abcd") * 5)
    chosen = several.iloc[:3]
    assert across.choose_segments(spoken_in(several), chosen, rng()).index.tolist() == list(chosen.index)
    for few in (recordings(speaker=[pd.NA] * 9), recordings(speaker=list("ab") * 5)):
        assert len(across.choose_segments(spoken_in(few), few.iloc[:4], rng())) == 4


def test_recordings_that_end_before_the_start_are_not_drawn(monkeypatch):
    monkeypatch.setattr(data_prep, "length", lambda path: 1.0 if path in ("r07.wav", "r08.wav") else 3.0)
    table = recordings(speaker=list("abc") * 3)
    spoken = corpora.spoken(corpora.Corpus("test", table, None, None, "r00"), start=1.5)
    drawn = across.choose_segments(spoken, table.iloc[:2], rng())
    assert sorted(drawn.index) == [f"r{i:02d}" for i in range(7)]


def test_turns_of_three_speakers_with_two_turns_each_are_known_speakers():
    turns = measured_episodes(speaker=list("aabbccdee"))
    turns.loc[8, "semitones"] = np.nan  # without a voice, a turn does not count
    known, sentence = across.known_speakers(turns, rng())
    assert sentence == "6 turns of 3 recorded speakers." and set(known["speaker"]) == set("abc")


@pytest.mark.parametrize("speakers", [[pd.NA] * 9, list("aabb"), list("aabbcd")])
def test_voices_are_simulated_and_said_to_be_where_too_few_speakers_are_known(speakers):
    known, sentence = across.known_speakers(measured_episodes(speaker=pd.array(speakers, "string")), rng())
    assert "simulated" in sentence
    assert known["speaker"].value_counts().tolist() == [10] * 4
    assert {"semitones", "level", "rate", "seconds", "channel"} <= set(known.columns)
    by_speaker = {name: [own for _, own in known.groupby("speaker")[name]] for name in ("semitones", "rate")}
    assert stats.f_oneway(*by_speaker["semitones"]).pvalue < 1e-6
    assert stats.f_oneway(*by_speaker["rate"]).pvalue > 0.01


# week by week


def by_week(values, *, series="", event=0, first="2022-01-02", skip=()):
    """Recordings of Sundays as `design_table` gives them, one a week from the first on, but for those skipped."""
    table = pd.DataFrame({"date": pd.date_range(first, periods=len(values), freq="7D"), "rate": values})
    table = table.assign(series=series, side=(np.arange(len(values)) >= event).astype(int))
    return table.drop(index=list(skip))


def test_a_series_has_a_row_a_week_in_order_of_date_and_knows_how_many_lie_before_the_event():
    table = by_week(np.arange(10.0), series="host", event=4)
    weeks, before = across.weekly(table.sample(frac=1, random_state=1), "rate")
    assert before == 4
    assert weeks["host"].tolist() == list(range(10))
    assert weeks.index.tolist() == (table["date"] - pd.Timedelta(days=6)).tolist()  # weeks begin on Monday
    twice = pd.concat([table, by_week(np.arange(10.0) + 1, series="host", event=4, first="2021-12-27")])
    weeks, before = across.weekly(twice, "rate")
    assert weeks["host"].tolist() == [i + 0.5 for i in range(10)] and before == 4


@pytest.mark.parametrize(
    ("skip", "columns", "n_weeks", "before"),
    [([3], ["guest", "host"], 19, 9), ([3, 12], ["guest", "host"], 18, 9), ([3, 7, 12], ["host"], 20, 10)],
)
def test_only_weeks_that_all_series_have_take_part_and_no_series_that_misses_many(skip, columns, n_weeks, before):
    host = by_week(np.arange(20.0), series="host", event=10)
    guest = by_week(np.arange(20.0), series="guest", event=10, skip=skip)
    weeks, found = across.weekly(pd.concat([host, guest]), "rate")
    assert (sorted(weeks.columns), len(weeks), found) == (columns, n_weeks, before)
    assert weeks["host"].tolist() == [i for i in range(20) if len(columns) == 1 or i not in skip]


def test_without_dates_or_an_order_in_time_there_is_no_series():
    table = by_week(np.arange(10.0), event=5)
    for without in (
        table.assign(date=pd.NaT),
        table.assign(side=np.arange(10) % 2),
        table.assign(side=1 - table["side"]),
        table.assign(side=1),
        table.iloc[:0],
    ):
        weeks, before = across.weekly(without, "rate")
        assert weeks.empty and before == 0


# an event


def test_an_event_has_a_constant_a_step_and_weeks_counted_from_it():
    assert across.event_terms(7, 3).to_dict("list") == {
        "const": [1.0] * 7,
        "after": [0, 0, 0, 1, 1, 1, 1],
        "week": [-3, -2, -1, 0, 1, 2, 3],
    }


@pytest.mark.parametrize("event", [0, 2, 18, 20])
def test_an_event_at_the_edge_is_refused(event):
    with pytest.raises(TutorialError, match=f"The event has {event} of 20"):
        across.event_fits(rng().normal(size=20), event)


@without_noise
def test_a_pure_step_is_found_by_every_method():
    fits = across.event_fits(5 + 3.0 * (np.arange(40) >= 20), 20)
    names = ["OLS", "HAC(6)", "GLSAR", "GLS"]
    assert list(fits) == ["before/after", *(f"interrupted, {name}" for name in names)]
    for name, table in fits.items():
        expected = {"const": 5.0, "after": 3.0} | ({"week": 0.0} if name != "before/after" else {})
        assert table["estimate"].to_dict() == pytest.approx(expected, abs=1e-9), name


def test_a_trend_alone_moves_the_bare_comparison_by_half_its_rise_and_the_others_not_at_all():
    """Over 40 weeks the two halves lie 20 weeks apart; a wiggle that sums to nothing keeps the fits from perfection."""
    wiggle = 0.01 * np.tile([1, -1, -1, 1], 10)
    fits = across.event_fits(0.1 * np.arange(40) + wiggle, 20)
    assert fits.pop("before/after").loc["after", ["estimate", "low"]].tolist() == pytest.approx([2.0, 1.62], abs=0.01)
    for name, table in fits.items():
        assert table.loc["after", "estimate"] == pytest.approx(0.0, abs=0.01), name
        assert table.loc["week", "estimate"] == pytest.approx(0.1, abs=0.001), name


def test_the_methods_are_a_t_test_and_those_of_statsmodels_and_gls_ar1():
    X = across.event_terms(52, 20)
    y = 2 * X["after"].to_numpy() + 0.03 * X["week"].to_numpy() + within.ar1(rng(), 52, 0.5)
    fits = across.event_fits(y, 20)
    expected = stats.ttest_ind(y[20:], y[:20])
    found = fits["before/after"].loc["after"]
    assert found["p"] == pytest.approx(expected.pvalue)
    assert found[["low", "high"]].tolist() == pytest.approx(list(expected.confidence_interval()))
    hac = sm.OLS(y, X).fit(cov_type="HAC", cov_kwds={"maxlags": 6}, use_t=True)
    assert fits["interrupted, HAC(6)"]["p"].tolist() == pytest.approx(hac.pvalues.tolist())
    assert fits["interrupted, OLS"]["p"].tolist() == pytest.approx(sm.OLS(y, X).fit().pvalues.tolist())
    pd.testing.assert_frame_equal(fits["interrupted, GLS"], within.gls_ar1(y, X)[0])
    jumps = [fits[f"interrupted, {name}"].loc["after", "estimate"] for name in ("GLSAR", "GLS")]
    assert jumps[0] == pytest.approx(jumps[1], abs=0.1)


def test_a_difference_in_differences_is_that_of_fixed_effects_for_series_and_weeks():
    X, common = across.event_terms(52, 26)[["const", "after"]], within.ar1(rng(), 52, 0.7)
    his = common + 1.5 * X["after"] + 0.3 * rng(2).normal(size=52)
    hers = common - 10 + 0.3 * rng(3).normal(size=52)
    table = pd.concat(
        {"his": pd.DataFrame({"y": his, "did": X["after"]}), "hers": pd.DataFrame({"y": hers, "did": 0.0})}
    )
    panel = linearmodels.PanelOLS(table["y"], table[["did"]], entity_effects=True, time_effects=True).fit()
    ols = sm.OLS(his - hers, X).fit()
    assert ols.params["after"] == pytest.approx(panel.params["did"], rel=1e-9)
    assert ols.bse["after"] == pytest.approx(panel.std_errors["did"], rel=1e-9)
    # the two series share their memory: the difference has none, so that gls is close, though not equal
    gls, rho = within.gls_ar1(his - hers, X)
    assert gls.loc["after", "estimate"] == pytest.approx(panel.params["did"], abs=0.1 * ols.bse["after"])
    assert (gls.loc["after", "high"] - gls.loc["after", "low"]) / 2 == pytest.approx(2 * ols.bse["after"], rel=0.25)
    assert gls.loc["after", "low"] < 1.5 < gls.loc["after", "high"] and abs(rho) < 0.3


@without_noise
def test_placebo_dates_find_nothing_where_only_the_event_changed_anything():
    found = across.placebo_effects(3.0 * (np.arange(40) >= 20), 20)
    assert found["at"].tolist() == [8, 9, 10, 11, 12, 28, 29, 30, 31, 32]
    assert np.allclose(found[["before/after", "interrupted"]], 0, atol=1e-9)
    assert across.placebo_effects(rng().normal(size=30), 15).empty  # too short for any


def test_a_placebo_effect_is_the_effect_of_an_event_at_that_date_in_its_own_part():
    y = within.ar1(rng(), 50, 0.5)
    found = across.placebo_effects(y, 24, margin=10).set_index("at")
    assert found.index.tolist() == [10, 11, 12, 13, 14, 34, 35, 36, 37, 38, 39, 40]
    for at, part, event in ((12, y[:24], 12), (37, y[24:], 13)):
        fits = across.event_fits(part, event)
        assert found.loc[at, "before/after"] == pytest.approx(part[event:].mean() - part[:event].mean())
        assert found.loc[at, "interrupted"] == pytest.approx(fits["interrupted, GLS"].loc["after", "estimate"])


@pytest.mark.parametrize("event", [3, 20, 37])  # at an end, a step that is not full stays on its side
@without_noise
def test_an_event_study_of_a_step_is_nothing_before_and_the_step_after(event):
    found = across.event_study(1 + 3.0 * (np.arange(40) >= event), event)
    assert found["step"].tolist() != [] and -1 not in found["step"].tolist()
    assert found["estimate"].tolist() == pytest.approx((3.0 * (found["step"] >= 0)).tolist(), abs=1e-9)
    assert (found["step"] >= 0).any()


@without_noise
def test_steps_that_are_not_full_join_their_neighbours():
    """21 weeks before the event and 22 after: one week and two are left over."""
    found = across.event_study(np.repeat([1.0, 0.0, 2.0], [5, 32, 6]), 21)
    assert found["step"].tolist() == [-5, -4, -3, -2, 0, 1, 2, 3, 4]
    assert found["estimate"].tolist() == pytest.approx([1, 0, 0, 0, 0, 0, 0, 0, 2], abs=1e-9)


def test_an_event_study_is_the_regression_on_its_steps_with_the_last_before_the_event_as_base():
    y = within.ar1(rng(), 24, 0.4)
    found = across.event_study(y, 12, step=3)
    step = (np.arange(24) - 12) // 3
    X = pd.DataFrame({"const": 1.0} | {number: (step == number) * 1.0 for number in (-4, -3, -2, 0, 1, 2, 3)})
    table, _ = within.gls_ar1(y, X)
    assert found["step"].tolist() == X.columns[1:].tolist()
    assert np.allclose(found[["estimate", "low", "high"]], table.loc[X.columns[1:], ["estimate", "low", "high"]], 1e-3)
