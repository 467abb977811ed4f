"""What holds for the decision whatever the history: hypothesis looks for the exception."""

from __future__ import annotations

from builders import at
from histories import conversations, examples, interesting, moments, settings
from hypothesis import event, given

from continuation_cli.core import explain, report, schedule
from continuation_cli.core import settings as typed
from continuation_cli.core.schedule import Due, Skipped, Waiting, decide, next_look

#: When everything that a person does has been done: pages do not open or close later.
DONE = at("12:01")


@examples(400)
@given(conversations(), settings)
def test_due_never_goes_back_to_waiting(conversation, options):
    """`explicit` times reach to noon; from then on nothing changes but the time."""
    due = False
    for now in interesting(conversation, options):
        if now < DONE:
            continue
        decision = decide(conversation, options, now)
        assert not (due and isinstance(decision, Waiting)), (now, decision)
        due = due or isinstance(decision, Due)
    event(f"due: {due}")


@examples(400)
@given(conversations(moments("8:00", "9:00")), settings)
def test_due_never_goes_back_to_waiting_where_silence_ends_pages(conversation, options):
    """Messages and heartbeats come later than all openings and closings, also in the future."""
    due = False
    for now in interesting(conversation, options):
        if now < at("9:01"):
            continue
        decision = decide(conversation, options, now)
        assert not (due and isinstance(decision, Waiting)), (now, decision)
        due = due or isinstance(decision, Due)
    event(f"due: {due}")


@examples(600)
@given(conversations(), settings, moments())
def test_the_next_look_is_never_too_late(conversation, options, now):
    """Whatever opens or closes later: not due before the next look, and never if there is none."""
    if isinstance(decide(conversation, options, now), Due):
        return
    look = next_look(conversation, options, now)
    assert look is None or look > now
    for moment in interesting(conversation, options):
        if now < moment and (look is None or moment < look):
            assert not isinstance(decide(conversation, options, moment), Due), (look, moment)


@examples(200)
@given(conversations(), settings, moments())
def test_looking_when_told_finds_the_email_and_comes_to_an_end(conversation, options, now):
    """A sweep that looks only when `next_look` says finds every email; and it does not look for
    ever, but where a cap of 0 may be raised any day.
    """
    start, looks = now, 0
    while not isinstance(decide(conversation, options, now), Due) and looks < 40:
        moment = next_look(conversation, options, now)
        if moment is None:
            assert not any(
                isinstance(decide(conversation, options, time), Due)
                for time in interesting(conversation, options)
                if time >= start
            )
            return
        looks, now = looks + 1, moment
    assert looks < 40 or options.daily_cap == 0


@examples(300)
@given(conversations(), settings, moments())
def test_a_due_email_has_what_it_needs(conversation, options, now):
    decision = decide(conversation, options, now)
    if isinstance(decision, Due):
        assert decision.since <= decision.due_at <= now
        held = schedule.for_email(conversation.unseen, options)
        assert held
        assert {message.author for message in held} <= {"agent", "bot"}
        assert set(schedule.triggers(conversation.unseen, options)) <= set(held)
        assert options.enabled
        assert conversation.suppression is None
        assert conversation.held_at is None


@examples(300)
@given(conversations(), settings, moments())
def test_the_row_and_the_explanation_say_what_was_decided(conversation, options, now):
    decision = decide(conversation, options, now)
    row = report.row(conversation, options, now)
    assert row["state"] == type(decision).__name__.lower()
    sources = dict.fromkeys(typed.SPECS, "built in")
    steps = explain.explain(conversation, conversation.unseen, options, sources, now)
    conclusion = steps[-1].text
    assert all(step.text.endswith((".", "!")) for step in steps)
    if isinstance(decision, Skipped):
        assert row["reason"] == decision.reason
        assert report.REASONS[decision.reason] in conclusion
        assert conclusion.startswith("No email")
    else:
        assert row["reason"] is None
        assert row["rule"] == decision.rule
        end = decision.due_at if isinstance(decision, Due) else decision.until
        assert explain.at(end) in conclusion
        assert ("is due since" in conclusion) is isinstance(decision, Due)
        assert row["messages"] == [
            message.id for message in schedule.for_email(conversation.unseen, options)
        ]
