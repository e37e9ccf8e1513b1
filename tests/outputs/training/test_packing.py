"""Packs are tries: each node sees what it would see in its row alone, and loss and gradients are those of the rows."""

from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from outputs.training import attention
from outputs.training.attention import TRIE_ATTENTION
from outputs.training.model import negative_log_likelihoods, takes_trees
from outputs.training.packing import TokenRow, count_nodes, pack, plan_packs
from tests.support.tiny_model import make_model


@st.composite
def token_rows(draw: st.DrawFn) -> TokenRow:
    """A row of few different tokens, so that rows often share what they begin with."""
    tokens = draw(st.lists(st.integers(0, 2), min_size=2, max_size=12))
    return TokenRow(np.array(tokens, np.int32), draw(st.integers(1, len(tokens) - 1)))


many_rows = st.lists(token_rows(), min_size=1, max_size=8)


@given(many_rows)
def test_each_node_sees_the_tokens_of_its_row(rows: list[TokenRow]) -> None:
    packed = pack(rows)
    count = len(packed.tokens)
    seen = [[node for node in range(count) if node <= place and packed.ends[node] > place] for place in range(count)]
    for index, row in enumerate(rows):
        answers = packed.rows == index
        assert packed.targets[answers].tolist() == row.tokens[row.answer :].tolist()
        for length, source in enumerate(packed.sources[answers], start=row.answer):
            assert packed.tokens[seen[source]].tolist() == row.tokens[:length].tolist()
            assert packed.depths[seen[source]].tolist() == list(range(length))


@given(many_rows)
def test_a_pack_holds_what_rows_share_once(rows: list[TokenRow]) -> None:
    beginnings = {tuple(row.tokens[:length].tolist()) for row in rows for length in range(1, len(row.tokens) + 1)}
    assert len(pack(rows).tokens) == len(beginnings)


@given(many_rows, st.integers(1, 30))
def test_packs_keep_the_order_and_the_budget(rows: list[TokenRow], budget: int) -> None:
    plans = list(plan_packs(rows, budget))
    assert [index for plan in plans for index in plan] == list(range(len(rows)))
    sizes = [len(pack([rows[index] for index in plan]).tokens) for plan in plans]
    assert sum(sizes) == count_nodes(rows, budget)
    assert all(size <= budget or len(plan) == 1 for size, plan in zip(sizes, plans, strict=True))
    for plan, following in pairwise(plans):  # none is closed while it has room
        assert len(pack([rows[index] for index in [*plan, following[0]]]).tokens) > budget


@pytest.mark.parametrize("implementation", ["sdpa", TRIE_ATTENTION])
@settings(max_examples=20)
@given(rows=many_rows, block=st.integers(1, 20))
def test_loss_and_gradients_are_those_of_the_rows_alone(rows: list[TokenRow], block: int, implementation: str) -> None:
    model = make_model().double()
    model.set_attn_implementation(implementation)
    packed = pack(rows)
    with patch.object(attention, "BLOCK", block):
        together = negative_log_likelihoods(model, packed)
        together.sum().backward()
    of_pack = [weight.grad.clone() for weight in model.parameters()]
    model.zero_grad()
    for index, row in enumerate(rows):
        ids = torch.from_numpy(row.tokens).long()[None]
        labels = ids.clone()
        labels[:, : row.answer] = -100
        loss = model(input_ids=ids, labels=labels).loss * (len(row.tokens) - row.answer)
        loss.backward()
        torch.testing.assert_close(together[packed.rows == index].sum(), loss, rtol=1e-5, atol=1e-5)
    for mine, weight in zip(of_pack, model.parameters(), strict=True):
        torch.testing.assert_close(mine, weight.grad, rtol=1e-4, atol=1e-5)


def test_a_model_that_takes_no_trees_is_found_out() -> None:
    from transformers import MambaConfig, MambaForCausalLM

    model = make_model()
    assert takes_trees(model, 1000)
    assert model.config._attn_implementation == TRIE_ATTENTION
    assert not takes_trees(make_model(layer_types=["full_attention", "linear_attention"]), 1000)
    assert not takes_trees(make_model(sliding_window=64), 1000)
    state = MambaForCausalLM(MambaConfig(vocab_size=264, hidden_size=32, num_hidden_layers=1, state_size=4))
    assert not takes_trees(state, 1000)
