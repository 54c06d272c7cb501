"""An agent: once for a holder, numbered without clashes, leaving an audit trail."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

from wallet.errors import Code, Refused
from wallet.onboarding import agent
from wallet.people.agents import AGENT_DIGITS, candidates


def an_agent(town, person, key=None, name="Mama Mboga"):
    command = agent.Command(0, key or uuid4(), person.id, name)
    return town.service.poster.post(agent.decide, command)


def test_an_agent_has_a_number_and_an_empty_float(town):
    anna = town.person()
    answer = an_agent(town, anna).answer
    ((number, name),) = town.sql(
        "SELECT number, name FROM agents WHERE holder_id = :id", id=anna.id
    )
    assert (number, name) == (answer["agent"], "Mama Mboga")
    assert len(number) == AGENT_DIGITS
    assert town.sql("SELECT balance_minor FROM accounts WHERE kind = 'float'") == [(0,)]


def test_a_number_that_is_taken_is_passed_over(town):
    key, other, anna = uuid4(), town.agent(), town.person()
    first, second, *_ = candidates(key, AGENT_DIGITS)
    town.owner_sql(
        "UPDATE agents SET number = :taken WHERE holder_id = :id", taken=first, id=other.id
    )
    assert an_agent(town, anna, key).answer["agent"] == second


def test_numbers_follow_from_the_key_and_have_their_length():
    key = UUID(int=7)
    assert candidates(key, 5) == candidates(key, 5)
    assert {len(number) for number in candidates(key, 5) + candidates(UUID(int=8), 5)} == {5}
    assert all(number[0] != "0" for number in candidates(key, 6))


def test_one_holder_becomes_an_agent_once_however_many_ask(town):
    anna = town.person()

    def ask(_):
        try:
            return an_agent(town, anna).answer["agent"]
        except Refused as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(ask, range(8)))
    assert outcomes.count(Code.ALREADY_REGISTERED) == 7
    assert town.sql("SELECT count(*) FROM agents") == [(1,)]


def test_who_joins_leaves_a_posting_that_moves_nothing(town):
    anna, boss = town.person(), town.person()
    command = agent.Command(boss.id, uuid4(), anna.id, "Mama Mboga")
    id_ = town.id_in(town.service.poster.post(agent.decide, command))
    trail = town.sql("SELECT kind, actor_id, receiver_id FROM postings WHERE id = :id", id=id_)
    assert trail == [("onboard_agent", boss.id, anna.id)]
    assert town.sql("SELECT 1 FROM entries WHERE posting_id = :id", id=id_) == []
