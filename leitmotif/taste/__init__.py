"""What a person likes: kept on this machine, learned as sliders, undone and erased at will."""

from leitmotif.taste.beliefs import Beliefs, Comparison, Sliders
from leitmotif.taste.diary import Diary, Event
from leitmotif.taste.lists import Shown, propose

__all__ = ["Beliefs", "Comparison", "Diary", "Event", "Shown", "Sliders", "propose"]
