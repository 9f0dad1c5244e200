"""A browser opens JupyterLab as a learner does and runs notebooks, within the memory that Binder gives."""

import json
import os
import secrets
import shlex
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import nbformat
import psutil
import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from tutorial_helpers.places import ROOT
from tutorial_helpers.project import runner
from tutorial_helpers.project.memory import PeakMemory

pytestmark = pytest.mark.timeout(700)
# nbval runs all notebooks; here are one with a knob, players and open exercises, and over less sound the one that takes
# most memory (over all of it, `make run` notes the memory)
LESSON, SOLUTION = "notebooks/02_representations.ipynb", "notebooks/solutions/05_deep_learning.ipynb"
BINDER_MB = 2 * 1024**3 / 1e6
KERNEL_READY = """() => {
    const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
    return session && session.isReady && session.kernelDisplayStatus === 'idle';
}"""
# the commands behind the menus Run > Run All Cells and File > Save
RUN_ALL = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
# every code cell has its number, or one has stopped with an error
ALL_RAN = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells].filter(cell => cell.type === 'code');
    const failed = cell => cell.outputs.toJSON().some(output => output.output_type === 'error');
    return cells.every(cell => cell.executionCount !== null) || cells.some(failed);
}"""

# a notebook draws only the cells that can be seen: go to the one with the knob
SHOW_KNOB = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    const knob = notebook.widgets.findIndex(cell => (cell.model.getMetadata('tags') ?? []).includes('knob'));
    notebook.activeCellIndex = knob;
    return notebook.scrollToItem(knob);
}"""


def make_lab():
    """The command behind `make lab`, as a list of words."""
    printed = subprocess.run(["make", "-n", "lab"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (line,) = [line for line in printed.splitlines() if "jupyter lab" in line]  # make may speak of folders, too
    program, *options = shlex.split(line)
    return [str(ROOT / program), *options]


@pytest.fixture(scope="module")
def lab(tmp_path_factory, free_port):
    """What `make lab` starts, on a copy of what a learner opens: its address, the token, the folder, its process."""
    house = tmp_path_factory.mktemp("house")
    for folder in ("notebooks", "site", "lab"):
        shutil.copytree(ROOT / folder, house / folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    token, port = secrets.token_hex(16), free_port()
    options = [f"--port={port}", "--no-browser", "--allow-root", f"--IdentityProvider.token={token}"]
    command = [*make_lab(), *options, "--LabApp.expose_app_in_browser=True"]
    environment = {"JUPYTERLAB_SETTINGS_DIR": str(house / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(house / "desk")}
    with (house / "lab.log").open("w") as log:
        server = subprocess.Popen(command, cwd=house, stdout=log, stderr=log, env={**os.environ, **environment})
    address = f"http://127.0.0.1:{port}"
    _wait_for(f"{address}/api?token={token}", server, house / "lab.log")
    yield address, token, house, server
    server.terminate()
    server.wait(20)


def _wait_for(address, server, log, seconds=60):
    """Wait until a server answers; say what it wrote where it does not."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"JupyterLab does not answer:\n{log.read_text()[-2000:]}")


def test_jupyterlab_listens_on_this_machine_alone_and_asks_for_its_token(lab):
    address, token, _, server = lab
    listening = {place.laddr.ip for place in psutil.Process(server.pid).net_connections() if place.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{address}/api/contents", timeout=10)
    assert urllib.request.urlopen(f"{address}/api/contents?token={token}", timeout=10).status == 200


def _open(browser, lab, notebook, parameters):
    """A page with one notebook open, with these parameters and without outputs, and its kernel ready."""
    address, token, folder, _ = lab
    blank = parameterize_notebook(load_notebook_node(str(folder / notebook)), parameters)
    for cell in blank.cells:
        if cell.cell_type == "code":
            cell |= {"outputs": [], "execution_count": None}
    nbformat.write(blank, folder / notebook)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(90_000)
    page.goto(f"{address}/lab/workspaces/{secrets.token_hex(4)}/tree/{notebook}?token={token}")
    page.wait_for_selector(".jp-NotebookPanel .jp-Notebook")
    page.wait_for_function(KERNEL_READY)
    return page


def _close(page, lab):
    """Shut the kernel down, so that the next notebook finds an empty machine, and close the page."""
    page.evaluate("async () => { await window.jupyterapp.serviceManager.sessions.shutdownAll(); }")
    page.close()


def _run_all(page, lab, notebook):
    """Run every cell from the menu and save: the code cells as they are saved, and the most memory it took, in MB."""
    _, _, folder, server = lab
    with PeakMemory(pid=server.pid, include_self=True) as memory:
        page.evaluate(RUN_ALL)
        page.wait_for_function(ALL_RAN, timeout=600_000, polling=500)
    page.evaluate(SAVE)
    ran = [cell for cell in json.loads((folder / notebook).read_text())["cells"] if cell["cell_type"] == "code"]
    return ran, memory.peak_mb


def _errors(ran):
    """What went wrong in code cells, a line each."""
    outputs = [output for cell in ran for output in cell["outputs"] if output["output_type"] == "error"]
    return [f"{error['ename']}: {error['evalue']}" for error in outputs]


def test_a_solution_runs_in_the_browser_without_an_error(browser, lab):
    page = _open(browser, lab, SOLUTION, runner.PROFILES["fast"])
    ran, peak_mb = _run_all(page, lab, SOLUTION)
    _close(page, lab)
    assert _errors(ran) == []
    assert [cell["execution_count"] for cell in ran] == list(range(1, len(ran) + 1))
    assert peak_mb < BINDER_MB


def test_a_lesson_runs_and_its_knob_draws_another_figure_and_says_what_it_shows(browser, lab):
    page = _open(browser, lab, LESSON, {})
    ran, peak_mb = _run_all(page, lab, LESSON)
    assert _errors(ran) == []
    assert [cell["execution_count"] for cell in ran] == list(range(1, len(ran) + 1))
    assert peak_mb < BINDER_MB
    page.evaluate(SHOW_KNOB)
    figure = page.locator(".jupyter-widgets img")
    figure.scroll_into_view_if_needed()
    assert figure.get_attribute("alt")
    before = figure.get_attribute("src")
    slider = page.locator(".jupyter-widgets .noUi-handle").first
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_function("before => document.querySelector('.jupyter-widgets img').src !== before", arg=before)
    _close(page, lab)


def test_jupyterlab_opens_at_the_lessons(browser, lab):
    address, token, _, _ = lab
    page = browser.new_page()
    page.goto(f"{address}/?token={token}")
    names = page.locator(".jp-DirListing-itemText")
    names.get_by_text("01_data_prep.ipynb").wait_for(timeout=60_000)
    listed = set(names.all_inner_texts())
    page.close()
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} <= listed


def test_a_word_in_a_link_leads_to_the_glossary_as_a_page(browser, lab):
    page = _open(browser, lab, LESSON, {})
    page.locator("a", has_text="fundamental frequency").first.click()
    heading = page.locator(".jp-MarkdownViewer h2", has_text="F0")
    heading.wait_for()
    shown = heading.first.inner_text()
    _close(page, lab)
    assert shown.startswith("F0")
