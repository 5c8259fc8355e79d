"""What a person likes: kept on this machine, learned as sliders, undone and erased at will."""

from leitmotif.taste.beliefs import Beliefs, Choice, Sliders
from leitmotif.taste.diary import Diary, Event, refused
from leitmotif.taste.lists import Shown, propose

__all__ = ["Beliefs", "Choice", "Diary", "Event", "Shown", "Sliders", "propose", "refused"]
