"""The recipes of docs/jobs.md, taken out of that page and run: cron, systemd, Actions, Airflow.

Needs the release binary (CHIPCAST_BINARY) and the packages of requirements.txt; cron, systemd and
an Airflow (CHIPCAST_AIRFLOW, a Python that has it) where they are: without one, its tests say that
they were left out. CHIPCAST_SLOW=1 also waits for a real cron and runs a real Airflow. Loads
nothing from the network; `make recipes` brings what is needed.
"""

import configparser
import datetime
import fcntl
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import yaml

BINARY = pathlib.Path(os.environ["CHIPCAST_BINARY"]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
WEEKLY = (ROOT / "examples/jobs/weekly.toml").read_text()
SLOW = bool(os.environ.get("CHIPCAST_SLOW"))
AIRFLOW = os.environ.get("CHIPCAST_AIRFLOW")
# What the page says where, and what stands for it here.
PROGRAM, FOLDER, SECRETS = "/usr/local/bin/chipcast", "/srv/chipcast", "/etc/chipcast.env"
DONE_BEFORE = "was published before; nothing was made"


def blocks(language):
    """The code blocks of a language below `## Recipes`, in order."""
    recipes = (ROOT / "docs/jobs.md").read_text().split("## Recipes\n")[1]
    found = re.findall(rf"^```{language}\n(.*?)^```$", recipes, re.DOTALL | re.MULTILINE)
    if not found:
        raise AssertionError(f"docs/jobs.md has no recipe in {language}")
    return found


def needs(*programs):
    missing = [program for program in programs if shutil.which(program, path=PATH) is None]
    return unittest.skipIf(missing, f"left out: no {', '.join(missing)} here")


PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


class Recipe(unittest.TestCase):
    """A folder that stands for /srv/chipcast and has the example job."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="chipcast-recipe-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.folder = self.root / "srv"
        self.folder.mkdir()
        self.job(WEEKLY)

    def job(self, text):
        (self.folder / "weekly.toml").write_text(text)

    def here(self, text):
        """A recipe with the paths of this test in place of the page's."""
        stand_ins = {PROGRAM: BINARY, FOLDER: self.folder, SECRETS: self.root / "env"}
        for path, stands in stand_ins.items():
            text = text.replace(path, str(stands))
        return text

    def runs(self):
        """The manifests of the runs that were published, by the day they show."""
        found = (self.folder / "runs/weekly").glob("*/run.json")
        manifests = [json.loads(path.read_text()) for path in found if path.parent.name != "latest"]
        return {manifest["as_of"]: manifest for manifest in manifests}

    def made_again(self, before):
        """Which files of runs are not as they were."""
        return [path for path, stamp in before.items() if path.stat().st_mtime_ns != stamp]

    def stamps(self):
        files = (self.folder / "runs").rglob("*")
        return {path: path.stat().st_mtime_ns for path in files if path.is_file()}

    def assert_json_lines(self, text):
        lines = [json.loads(line) for line in text.splitlines()]
        self.assertIn("publish", [line.get("stage") for line in lines])


class Cron(Recipe):
    def line(self):
        """The five fields and the command of the one line."""
        (block,) = blocks("cron")
        (line,) = block.splitlines()
        fields = line.split(maxsplit=5)
        return " ".join(fields[:5]), fields[5]

    def bare(self, command):
        """As Debian's cron runs a command: /bin/sh, few variables, the home folder."""
        bare = {"HOME": str(self.root), "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            ["/bin/sh", "-c", command], env=bare, cwd=self.root, capture_output=True, text=True,
        )

    @needs("crontab")
    def test_a_real_cron_takes_the_line(self):
        (block,) = blocks("cron")
        for text, accepted in [(block, True), (block.replace("MON", "MOON"), False)]:
            (self.root / "crontab").write_text(text)
            asked = subprocess.run(["crontab", "-n", self.root / "crontab"], capture_output=True)
            self.assertEqual(asked.returncode == 0, accepted, asked.stderr)

    def test_the_command_runs_in_a_bare_environment_and_once(self):
        _, command = self.line()
        first = self.bare(self.here(command))
        self.assertEqual((first.returncode, first.stdout, first.stderr), (0, "", ""))
        self.assert_json_lines((self.folder / "job.log").read_text())
        self.assertEqual(len(self.runs()), 1)
        before = self.stamps()
        second = self.bare(self.here(command))
        self.assertEqual((second.returncode, second.stdout), (0, ""))
        self.assertIn(DONE_BEFORE, (self.folder / "last.txt").read_text())
        self.assertEqual(self.made_again(before), [])

    def test_a_failure_is_mailed(self):
        self.job(WEEKLY.replace("nvda.revenue", "nvda.no_such_series"))
        _, command = self.line()
        self.assertIn("nvda.no_such_series", self.bare(self.here(command)).stdout)

    @unittest.skipUnless(SLOW, "left out: CHIPCAST_SLOW waits a minute for cron")
    @unittest.skipIf(os.geteuid(), "left out: cron and a mount namespace want root")
    @needs("cron", "unshare")
    def test_a_real_cron_fires_it(self):
        """A cron with this table alone, in mounts of its own, that ends with the test."""
        _, command = self.line()
        table = self.root / "table"
        table.write_text(f"* * * * * root {self.here(command)}\n")
        alone = f"""
            for seen in /run /etc/cron.d /var/spool/cron; do
                mount -t tmpfs none $seen || exit 77
            done
            cp {table} /etc/cron.d/recipe && mount --bind /dev/null /etc/crontab && exec cron -f
        """
        cron = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", alone], env={**os.environ, "PATH": PATH},
        )
        self.addCleanup(cron.wait)
        self.addCleanup(cron.terminate)
        latest = self.folder / "runs/weekly/latest/run.json"
        until = time.monotonic() + 75
        while cron.poll() is None and time.monotonic() < until and not latest.exists():
            time.sleep(0.5)
        if cron.poll() == 77:
            self.skipTest("left out: no mount namespace may be made here")
        self.assertEqual(len(self.runs()), 1)
        self.assert_json_lines((self.folder / "job.log").read_text())


class Systemd(Recipe):
    def units(self):
        """Both units as files, under the names that their first lines state."""
        files = []
        for block in blocks("ini"):
            name = pathlib.Path(re.match(r"# (\S+)\n", block)[1]).name
            files.append(self.root / name)
            files[-1].write_text(self.here(block))
        return files

    def service(self):
        unit = configparser.ConfigParser()
        unit.optionxform = str
        unit.read(next(path for path in self.units() if path.suffix == ".service"))
        return unit["Service"]

    def start(self):
        """As systemd runs the service: what came out, and whether that counts as success."""
        service = self.service()
        lines = pathlib.Path(service["EnvironmentFile"]).read_text().splitlines()
        done = subprocess.run(
            shlex.split(service["ExecStart"]), cwd=service["WorkingDirectory"],
            env=dict(line.split("=", 1) for line in lines), capture_output=True, text=True,
        )
        allowed = [0, *map(int, service["SuccessExitStatus"].split())]
        return done, done.returncode in allowed

    def verify(self, units):
        return subprocess.run(
            ["systemd-analyze", "verify", *units], capture_output=True, text=True,
        )

    @needs("systemd-analyze")
    def test_systemd_takes_both_units(self):
        units = self.units()
        self.assertEqual([u.name for u in units], ["chipcast.service", "chipcast.timer"])
        asked = self.verify(units)
        self.assertEqual((asked.returncode, asked.stderr), (0, ""))
        units[0].write_text(units[0].read_text().replace("Type=oneshot", "Type=once"))
        asked = self.verify(units)
        self.assertIn("once", asked.stderr)

    @needs("systemd-analyze")
    def test_the_timer_elapses_on_mondays_in_new_york(self):
        timer = configparser.ConfigParser()
        timer.read(self.units()[1])
        asked = subprocess.run(
            ["systemd-analyze", "calendar", timer["Timer"]["OnCalendar"]], capture_output=True,
            text=True, env={**os.environ, "TZ": "America/New_York"},
        )
        self.assertEqual(asked.returncode, 0, asked.stderr)
        self.assertRegex(asked.stdout, r"Next elapse: Mon \d{4}-\d\d-\d\d 07:00:00 E[SD]T")

    def test_the_command_runs_once(self):
        (self.root / "env").write_text("CHIPCAST_JOB__SEED=11\n")
        done, success = self.start()
        self.assertTrue(success, done.stderr)
        self.assert_json_lines(done.stderr)
        (manifest,) = self.runs().values()
        self.assertEqual(manifest["seed"], 11, "the environment file was read")
        before = self.stamps()
        done, _ = self.start()
        self.assertIn(DONE_BEFORE, done.stdout)
        self.assertEqual(self.made_again(before), [])

    def test_published_is_success_and_failed_is_not(self):
        head = WEEKLY[: WEEKLY.index("[[forecasts]]")]
        refused = head + '[[forecasts]]\nseries = "aib.units"\n'
        stale = WEEKLY.replace('warn_after = "100 days"', 'warn_after = "10 days"')
        # Nobody listens there: the alert stays undelivered.
        partial = stale + '[[sinks]]\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n'
        old = WEEKLY.replace('"100 days"', '"1 day"').replace('"200 days"', '"2 days"')
        (self.root / "env").write_text("CHIPCAST_WEBHOOK_SECRET=of-this-test\n")
        cases = [(refused, 3, True), (partial, 1, True), (old, 4, False), ("", 2, False)]
        for text, code, success in cases:
            with self.subTest(code=code):
                self.job(text)
                done, told = self.start()
                self.assertEqual((done.returncode, told), (code, success), done.stderr)


class Actions(Recipe):
    """The steps that run, in order; of the others, those that keep a folder between runs."""

    def setUp(self):
        super().setUp()
        (self.workflow,) = [yaml.safe_load(block) for block in blocks("yaml")]
        self.kept = {}
        bin_folder = self.root / ".cargo/bin"
        bin_folder.mkdir(parents=True)
        (bin_folder / "chipcast").symlink_to(BINARY)

    def fill(self, text, run_id):
        """The expressions of the recipe, which are few."""
        known = {"github.run_id": run_id, "github.run_attempt": "1", "vars.CHIPCAST_REV": "abc",
                 "vars.CHIPCAST_GIT": "", "vars.CHIPCAST_USER_AGENT": "Test test@example.com"}
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], text)

    def use(self, step, run_id):
        action = step["uses"].split("@")[0]
        given = {key: self.fill(value, run_id) for key, value in step.get("with", {}).items()}
        if action == "actions/checkout":
            shutil.rmtree(self.folder)
            self.folder.mkdir()
            self.job(WEEKLY)
        elif action == "actions/cache/restore":
            # As GitHub does: the key itself, else the newest that begins with it or a restore key.
            prefixes = [given["key"], *given["restore-keys"].splitlines()]
            for prefix in prefixes:
                keys = [key for key in self.kept if key.startswith(prefix)]
                if keys:
                    subprocess.run(["tar", "-xf", self.kept[keys[-1]]], cwd=self.folder, check=True)
                    break
        elif action == "actions/cache/save":
            self.assertNotIn(given["key"], self.kept, "a cache is written once")
            archive = self.root / f"{len(self.kept)}.tar"
            paths = given["path"].splitlines()
            subprocess.run(["tar", "-cf", archive, *paths], cwd=self.folder, check=True)
            self.kept[given["key"]] = archive
        else:
            self.assertIn(action, ["actions/cache", "actions/upload-artifact"])

    def go(self, run_id, more=""):
        """One run of the workflow; `more` is added to the job's own command."""
        (job,) = self.workflow["jobs"].values()
        env = {key: self.fill(value, run_id) for key, value in job["env"].items()}
        env |= {"HOME": str(self.root), "PATH": f"{self.root}/.cargo/bin:/usr/bin:/bin"}
        told, failed = "", False
        for step in job["steps"]:
            if failed and step.get("if") != "always()":
                continue
            if "uses" in step:
                self.use(step, run_id)
                continue
            command = step["run"] + (more if "job run" in step["run"] else "")
            done = subprocess.run(
                ["bash", "-e", "-c", command],
                cwd=self.folder, env=env, capture_output=True, text=True,
            )
            failed = done.returncode != 0
            told += done.stdout + done.stderr
        return told, failed

    def test_the_workflow_keeps_the_schema(self):
        (block,) = blocks("yaml")
        for text, accepted in [(block, True), (block.replace("runs-on", "run-on"), False)]:
            path = self.root / "weekly.yml"
            path.write_text(text)
            checker = [sys.executable, "-m", "check_jsonschema"]
            asked = subprocess.run(
                [*checker, "--builtin-schema", "vendor.github-workflows", path],
                capture_output=True, text=True,
            )
            self.assertEqual(asked.returncode == 0, accepted, asked.stdout)

    def test_a_later_run_goes_on_from_what_was_kept(self):
        told, failed = self.go("1", " --as-of 2026-09-17")
        self.assertFalse(failed, told)
        self.assertEqual(list(self.runs()), ["2026-09-17"])
        told, failed = self.go("2", " --as-of 2026-09-17")
        self.assertFalse(failed, told)
        self.assertIn(DONE_BEFORE, told)
        told, failed = self.go("3")
        self.assertFalse(failed, told)
        self.assertNotIn(DONE_BEFORE, told)
        self.assertEqual(len(self.runs()), 2)
        latest = json.loads((self.folder / "runs/weekly/latest/run.json").read_text())
        self.assertGreater(latest["as_of"], "2026-09-17")

    def test_a_run_that_fails_keeps_its_data(self):
        self.go("1")
        told, failed = self.go("2", " --as-of 2999-01-01")
        self.assertTrue(failed, told)
        self.assertEqual(len(self.kept), 2)
        told, _ = self.go("3")
        self.assertIn(DONE_BEFORE, told)


@unittest.skipUnless(SLOW and AIRFLOW, "left out: it takes CHIPCAST_SLOW=1 and an Airflow")
class Airflow(Recipe):
    def setUp(self):
        super().setUp()
        (block,) = blocks("python")[-1:]
        self.dag = self.root / "dags" / pathlib.Path(re.match(r"# (\S+)\n", block)[1]).name
        self.dag.parent.mkdir()
        self.dag.write_text(self.here(block))
        home = self.root / "airflow"
        self.env = {
            **os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dag.parent), "HOME": str(self.root),
        }
        self.airflow("db", "migrate")

    def airflow(self, *words):
        done = subprocess.run(
            [AIRFLOW, "-m", "airflow", *words], env=self.env, cwd=self.root, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_each_logical_date_sees_its_own_day(self):
        dag = self.dag.stem
        days = ["2026-06-01", "2026-06-08"]
        for n, day in enumerate(days, 1):
            self.airflow("dags", "test", dag, f"{day}T11:00:00+00:00")
            self.assertEqual(sorted(self.runs()), days[:n])
        before = self.stamps()
        told = self.airflow("dags", "test", dag, f"{days[1]}T11:00:00+00:00")
        self.assertIn(DONE_BEFORE, told)
        self.assertEqual(self.made_again(before), [])
        today = datetime.datetime.now(datetime.UTC)
        self.airflow("dags", "test", dag, today.isoformat())
        known = json.loads((self.folder / "runs/weekly/latest/run.json").read_text())["as_of"]
        self.assertGreater(known, days[1], "today's run shows the last day known")
        with open(self.folder / "data/jobs/weekly.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            told = self.airflow("dags", "test", dag, f"{days[0]}T11:00:00+00:00")
        self.assertIn("is run by another process", told)
        self.assertRegex(told.lower(), r"skipp(ed|ing)")


if __name__ == "__main__":
    unittest.main(verbosity=2)
