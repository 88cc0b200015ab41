"""The words that people, streets and merchants are named with."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "F": _words(
        "Amber Angela Brittany Carla Christine Danielle Diane Erica Gina Heather Jennifer Jodi Kathryn Lauren "
        "Linda Margaret Melissa Michelle Monica Rachel Sarah Sharon Stephanie Susan Tammy Teresa Vanessa"
    ),
    "M": _words(
        "Aaron Adam Brian Charles Christopher Daniel Edward Frank Gregory Jason Jeffrey Jeremy Joseph Justin "
        "Kenneth Kevin Kyle Mark Matthew Nathan Paul Robert Scott Stephen Steven Thomas Tyler Wesley"
    ),
}
LAST_NAMES: Final = _words(
    "Banks Castro Davis Edwards Foster Garcia Gill Griffin Harris Huber Kelley Lopez Lowery Martin Mitchell "
    "Murray Nguyen O'Brien O'Connor Perry Ramirez Rice Roberts Romero Sanchez Schmidt Schroeder Smith Thomas Wall "
    "White Williams Woods Young"
)
STREET_NAMES: Final = _words(
    "Ashley Bradley Cody Cynthia Daniel Dana Eric Evelyn Gilbert Hayes Jason Johnson Julian Karen Marshall Mills "
    "Nash Nolan Perry Ray Riley Robinson Spencer Stephanie Tanya White Yolanda"
)
STREET_KINDS: Final = _words(
    "Corners Court Cove Dale Dam Expressway Glens Greens Inlet Islands Locks Meadow Park Plains Rest River Spurs "
    "Station Stravenue Track Trail Views Way"
)
JOBS: Final = (
    "Academic librarian",
    "Accountant, chartered certified",
    "Administrator, education",
    "Chartered public finance accountant",
    "Civil engineer, contracting",
    "Dance movement psychotherapist",
    "Engineer, automotive",
    "Event organiser",
    "Film/video editor",
    "Health physicist",
    "Human resources officer",
    "Jewellery designer",
    "Land/geomatics surveyor",
    "Leisure centre manager",
    "Market researcher",
    "Multimedia specialist",
    "Nature conservation officer",
    "Nurse, children's",
    "Operational researcher",
    "Patent attorney",
    "Psychologist, counselling",
    "Quantity surveyor",
    "Regulatory affairs officer",
    "Scientist, research (maths)",
    "Special educational needs teacher",
    "Teacher, primary school",
    "Therapist, art",
    "Waste management officer",
)
MERCHANT_NAMES: Final = _words(
    "Bauch Berge Bogisich Boyer Brekke Cormier Cruickshank Cummerata Daniel Deckow Dickinson Effertz Erdman "
    "Fritsch Gerhold Gutmann Hahn Harber Heller Hermiston Hettinger Huel Kilback Kling Koepp Konopelski Koss "
    "Kub Kuhic Kuhn Kutch Lang Leannon Lind Lockman Mann Marks McGlynn Moen Murazik O'Conner Olson Orn "
    "Pacocha Prosacco Raynor Reichert Rippin Robel Rodriguez Schaefer Schamberger Schneider Schultz "
    "Schumm Simonis Stokes Stroman Strosin Torphy Towne Turner Wilkinson Witting Zieme"
)
