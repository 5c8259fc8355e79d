"""The pieces of a track's card: text from files never becomes markup, what is not there is not
drawn."""

from leitmotif.show import cards

HOSTILE = '"><script>alert(1)</script>'


def test_text_of_a_file_is_never_markup():
    sound = cards.Sound("held/a", "held/b")
    pieces = (
        cards.sound_part(sound, HOSTILE, HOSTILE, HOSTILE),
        cards.sound_part(None, "", "", HOSTILE),
        cards.lines_part([HOSTILE]),
        cards.acts_part([cards.Act("like", HOSTILE, "favorite", HOSTILE)]),
        cards.film_part(cards.Shown(HOSTILE, address="held/c", label=HOSTILE, name=HOSTILE)),
    )
    assert not [piece for piece in pieces if "<script" in piece or HOSTILE in piece]


def test_a_track_without_sound_has_a_sentence_and_no_player():
    assert "<audio" not in cards.sound_part(None, "", "", "No sound file.")
    assert "No sound file." in cards.sound_part(None, "", "", "No sound file.")


def test_a_button_says_whether_it_is_pressed_only_if_it_can_be():
    once = cards.acts_part([cards.Act("hear", "Hear it", "theaters")])
    stays = cards.acts_part([cards.Act("heart", "Like", "favorite", pressed=True)])
    assert "aria-pressed" not in once and 'aria-pressed="true"' in stays


def test_a_film_is_shown_as_far_as_it_is_made():
    assert cards.film_part(None) == ""
    assert 'value="0.25"' in cards.film_part(cards.Shown("Rendering", share=0.25))
    assert 'role="alert"' in cards.film_part(cards.Shown("It broke.", failed=True))
    done = cards.film_part(cards.Shown(address="held/v", download="held/d", name="a + b.mp4"))
    assert '<video class="film"' in done and 'download="a + b.mp4"' in done


def test_the_script_is_one_module_with_one_way_in():
    assert cards.script().count("export default") == 1 and "import " not in cards.script()
