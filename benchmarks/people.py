"""How fast procedural people are drawn, on one core, and how much memory that takes.

    python benchmarks/people.py

Numbers hold for 384 x 512 at the contact sheet's quality. The first person compiles the kernels and is not counted.
"""

import argparse
import resource
import statistics
import sys
import time
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from maskwise.people.identity import draw_identity
from maskwise.people.people_spec import PeopleSpec
from maskwise.people.person import create_person
from maskwise.people.photograph import photograph
from maskwise.people.plan import plan_photo
from maskwise.people.population import draw_members


def main() -> None:
    """Print seconds a person and a photo, photos a second, and the peak of memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--detail", type=float, default=PeopleSpec(people=1).detail)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    made, taken = [], []
    for member in draw_members(PeopleSpec(people=arguments.people + 1)):
        begin = time.process_time()
        person = create_person(draw_identity(0, member.person, member.gender, member.age))
        made.append(time.process_time() - begin)
        begin = time.process_time()
        for photo in range(7):
            wear = None if photo == 6 else ("under_nose" if photo == 5 else "worn")
            photograph(person, plan_photo(person.identity, photo, wear), detail=arguments.detail)
        taken.append((time.process_time() - begin) / 7)
    person_seconds, photo_seconds = statistics.median(made[1:]), statistics.median(taken[1:])
    print(describe_machine())
    print(
        f"{arguments.people} people, 7 photos each, 384 x 512, drawn {arguments.detail} times as large, one thread"
    )
    print(f"a person {person_seconds:.2f} s, a photo {photo_seconds:.3f} s of processor time (medians)")
    print(f"{7 / (person_seconds + 7 * photo_seconds):.2f} photos a second and core, all included")
    print(f"compiling at the first use: {made[0] + 7 * taken[0] - person_seconds - 7 * photo_seconds:.0f} s")
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
