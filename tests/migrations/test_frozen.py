"""A migration that has been merged may have run somewhere: it is never edited, another is added."""

from hashlib import sha256
from pathlib import Path

from alembic.script import ScriptDirectory

import migrations
from wallet.database import migration_config

FOLDER = Path(next(iter(migrations.__path__)))


def files() -> dict[str, bytes]:
    """What is in a migration's files, by their paths in the folder."""
    found = sorted([*FOLDER.glob("sql/*.sql"), *FOLDER.glob("versions/[0-9]*.py")])
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in found}


def frozen() -> dict[str, str]:
    """The digests in frozen.txt, which is as sha256sum writes it."""
    lines = (FOLDER / "frozen.txt").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def complaints(known: dict[str, str], found: dict[str, bytes]) -> list[str]:
    """What is wrong, and what to do about it."""
    digests = {name: sha256(contents).hexdigest() for name, contents in found.items()}
    changed = [name for name in known if digests.get(name) != known[name]]
    added = [name for name in digests if name not in known]
    said = [
        f"{name} is frozen: databases have run it as it was. Undo the change (git checkout"
        f" migrations/{name}) and add a migration after the newest one."
        for name in changed
    ]
    if added:
        said.append(
            "New migrations are frozen with the commit that adds them:"
            f" cd migrations && sha256sum {' '.join(added)} >> frozen.txt"
        )
    return said


def test_frozen_migrations_are_never_edited_and_new_ones_are_frozen():
    assert "\n".join(complaints(frozen(), files())) == ""


def test_an_edited_a_missing_and_a_new_migration_are_told_of():
    name = next(iter(files()))
    edited = files() | {name: b"-- mended"}
    assert [name in each for each in complaints(frozen(), edited)] == [True]
    missing = {each: contents for each, contents in files().items() if each != name}
    assert [name in each for each in complaints(frozen(), missing)] == [True]
    new = files() | {"sql/9999_new.sql": b""}
    (said,) = complaints(frozen(), new)
    assert said.endswith("sha256sum sql/9999_new.sql >> frozen.txt")


def test_migrations_follow_each_other_as_they_are_numbered():
    walked = ScriptDirectory.from_config(migration_config()).walk_revisions()
    numbers = [path.name[:4] for path in sorted(FOLDER.glob("versions/[0-9]*.py"))]
    assert [each.revision for each in walked] == numbers[::-1]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
