"""TASKS: every step of the pipeline, in the order people take them."""

from __future__ import annotations

from moedal_gui.core.errors import NotFoundError
from moedal_gui.tasks import (
    demo,
    export,
    info,
    ingest,
    link,
    pits_import,
    preselect,
    regions,
    remove,
    report,
    runs,
    score,
    simulate,
    use,
)
from moedal_gui.tasks.corrections import correct
from moedal_gui.tasks.evaluation import evaluate, evaluate_lists
from moedal_gui.tasks.foils import batch
from moedal_gui.tasks.labels import label_export, label_import
from moedal_gui.tasks.placement import register
from moedal_gui.tasks.row import TaskRow
from moedal_gui.tasks.training import train
from moedal_gui.tasks.training.train_parameters import TrainParameters

TASKS: tuple[TaskRow, ...] = (
    TaskRow("demo", "Demo foil", "Make a simulated foil once, take it through every step, and open it.", demo.DemoParameters, demo.plan, "nothing"),
    TaskRow("simulate", "Simulate a foil", "Write scan folders of a simulated foil with its truth.", simulate.SimulateParameters, simulate.plan, "nothing"),
    TaskRow("ingest", "Ingest scans", "Add scans to a project, which is made if absent; again adds only what is new.", ingest.IngestParameters, ingest.plan, "maker"),
    TaskRow("preselect", "Pre-select", "Find the pits of every field.", preselect.PreselectParameters, preselect.plan, "writer"),
    TaskRow("register", "Register", "Bring the scans of a foil into one frame.", register.RegisterParameters, register.plan, "writer"),
    TaskRow("link", "Link", "Pair entry with exit.", link.LinkParameters, link.plan, "writer"),
    TaskRow("pits import", "Import pits", "Take over pits that another program found, as a run.", pits_import.PitsImportParameters, pits_import.plan, "writer"),
    TaskRow("correct", "Put right by hand", "Put a pit the detector missed, take one out that is none, move one, or link two.", correct.CorrectParameters, correct.plan, "writer"),
    TaskRow("regions", "Regions to look at", "Where it is too dense for a list of pits, find what stands out of its surroundings, to be looked at by film.", regions.RegionsParameters, regions.plan, "writer"),
    TaskRow("label import", "Import labels", "Append labels from a file; twice changes nothing.", label_import.LabelImportParameters, label_import.plan, "writer"),
    TaskRow("label export", "Export labels", "Write the labels in force.", label_export.LabelExportParameters, label_export.plan, "reader"),
    TaskRow("train", "Train", "Train experts on the labels or a folder of crops and make an ensemble of them, or train the detector on labels or boxed pictures.", TrainParameters, train.plan, "maker"),
    TaskRow("score", "Score", "What an ensemble says of every pit; only what is missing or out of date is computed.", score.ScoreParameters, score.plan, "writer"),
    TaskRow("evaluate", "Evaluate", "Compare pits and candidates with known truth.", evaluate.EvaluateParameters, evaluate.plan, "reader"),
    TaskRow("evaluate-lists", "Evaluate lists", "Efficiency and purity of two point lists.", evaluate_lists.EvaluateListsParameters, evaluate_lists.plan, "nothing"),
    TaskRow("export", "Export", "Write pits, labels or candidates for people and other programs.", export.ExportParameters, export.plan, "reader"),
    TaskRow("report", "Report", "Write one self-contained page with pictures.", report.ReportParameters, report.plan, "reader"),
    TaskRow("batch", "Batch", "Take every foil of a folder through all steps; again goes on where it stopped.", batch.BatchParameters, batch.plan, "nothing"),
    TaskRow("info", "About", "What is in a project or a scan, and what was assumed.", info.InfoParameters, info.plan, "nothing"),
    TaskRow("runs", "Runs", "What made what.", runs.RunsParameters, runs.plan, "reader"),
    TaskRow("use", "Use an earlier run", "Make an earlier run of pits or links the current one again, with what was made from just these pits; nothing is computed.", use.UseParameters, use.plan, "writer"),
    TaskRow("remove", "Remove", "Take a scan or a run out of a project; labels stay.", remove.RemoveParameters, remove.plan, "writer"),
)  # fmt: skip


def row_of(verb: str) -> TaskRow:
    """The row of a verb."""
    for row in TASKS:
        if row.verb == verb:
            return row
    raise NotFoundError(f"There is no verb {verb}", remedy="--help lists them")
