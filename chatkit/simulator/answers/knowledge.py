"""The little that the simulator knows: answers, places, films. Tables to read and to add to."""

from __future__ import annotations

from typing import Any

__all__ = ["ANSWERS", "FACTS", "PLACES", "SEARCH_RESULT", "SYNONYMS", "TRANSLATIONS"]

ANSWERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("parrot", "feather"),
        "Parrots have colorful feathers because of pigments called psittacofulvins, which only parrots make, and because "
        "of the fine structure of their feathers, which scatters blue light. The colors help them to find mates, to know "
        "each other, and to hide among bright leaves and fruit.",
    ),
    (
        ("parrot", "talk"),
        "Parrots talk because they learn sounds from their flock, and a pet's flock is its people. They shape sounds with "
        "the syrinx and a nimble tongue, and repeat those that earn attention.",
    ),
    (("parrot",), "Parrots are clever, social birds with strong beaks, colorful feathers and a talent for imitation."),
    (
        ("airplane",),
        "Airplanes fly because their wings push air down, which pushes the wings up. Engines supply the speed, and flaps "
        "and rudders the control.",
    ),
    (
        ("quantum",),
        "Quantum computing uses qubits, which can hold a mixture of 0 and 1 and be linked to each other. For a few kinds "
        "of problems, such as factoring and simulating molecules, that needs far fewer steps than an ordinary computer.",
    ),
    (("color", "sky"), "The sky is typically blue during the day, because air scatters blue light more than red light."),
    (("joke",), "Why did the parrot bring a ladder? It wanted to speak at a higher level."),
    (("your", "name"), "I am chatkit's simulator. I answer by rules, without a model and without a network."),
    (("capital", "france"), "The capital of France is Paris."),
    (("weather",), "I cannot look outside by myself. Give me a weather tool and I will call it."),
    (("hello",), "Hi there! How can I help today?"),
    (("hi",), "Hi there! How can I help today?"),
    (("thank",), "You are welcome!"),
)
"""Words that must all begin a word of the prompt, and the answer. The first that fits counts."""

TRANSLATIONS: tuple[tuple[str, str], ...] = (
    ("i love programming", "J'adore la programmation."),
    ("i love building applications", "J'adore créer des applications."),
)

PLACES: dict[str, str] = {
    "la": "Los Angeles, CA",
    "nyc": "New York, NY",
    "sf": "San Francisco, CA",
    "uk": "United Kingdom",
    "usa": "United States",
}
"""Short names of places, as they stand in prompts."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "weather": ("rain", "rainy", "sunny", "sun", "temperature", "forecast", "cold", "hot", "warm", "umbrella", "snow"),
    "population": ("bigger", "biggest", "people", "inhabitants", "populous", "larger", "largest"),
    "time": ("clock", "hour", "oclock"),
    "multiply": ("times", "product", "multiplied"),
    "add": ("plus", "sum"),
    "search": ("find", "look", "news", "latest"),
    "calculator": ("calculate", "compute", "times", "plus"),
}
"""Words of a tool's name, and words of a prompt that mean it."""

FACTS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "inception",
        {
            "title": "Inception",
            "year": 2010,
            "director": "Christopher Nolan",
            "rating": 8.8,
            "genre": "Science fiction",
            "genres": ["Science fiction", "Action"],
            "budget": 160.0,
            "cast": [
                {"name": "Leonardo DiCaprio", "role": "Dom Cobb"},
                {"name": "Joseph Gordon-Levitt", "role": "Arthur"},
                {"name": "Elliot Page", "role": "Ariadne"},
            ],
        },
    ),
    (
        "matrix",
        {
            "title": "The Matrix",
            "year": 1999,
            "director": "Lana and Lilly Wachowski",
            "rating": 8.7,
            "genre": "Science fiction",
            "genres": ["Science fiction", "Action"],
            "budget": 63.0,
            "cast": [{"name": "Keanu Reeves", "role": "Neo"}, {"name": "Carrie-Anne Moss", "role": "Trinity"}],
        },
    ),
)
"""A word of the prompt, and what is known then, by usual names of properties."""

SEARCH_RESULT: dict[str, str] = {
    "url": "https://example.com/kakapo",
    "title": "Kakapo numbers rise again",
    "text": "Conservationists counted more kakapo chicks than in any year before.",
}
"""What every web search finds."""
