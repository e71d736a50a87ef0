"""Reporters for tests."""

from maskwise.reporter import Progress


class KeepingReporter:
    """Keeps messages, and the calls of each stage."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.stages: dict[str, list[tuple[int, int]]] = {}

    def message(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)

    def progress(self, stage: str) -> Progress:
        """Keep the calls of a stage."""
        calls = self.stages.setdefault(stage, [])
        return lambda done, total: calls.append((done, total))
