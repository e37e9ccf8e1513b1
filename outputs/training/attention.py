"""Attention over a trie on a CPU: each block of nodes meets its ancestors and itself, and nothing else.

torch's own kernel takes a trie as a dense mask over all pairs of nodes, most of which are of different rows. In the
depth-first order of a pack what a block of consecutive nodes may see is the path to its first node and the block
itself, so the work grows with the depth of the rows and not with the size of the pack. As in FlashAttention (Dao et al.
2022, arXiv 2205.14135) scores are computed again on the way back instead of being kept.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from outputs.training.packing import Pack

TRIE_ATTENTION = "rolecs_trie"
"""Name of this attention among those of transformers."""
BLOCK = 128
"""Nodes a block: the scores of one block stay in a core's cache at the depths that dialogues have."""


class Block(NamedTuple):
    """Nodes `first` to `stop` of a pack, the indices of the `keys` that one of them sees, and the mask between them."""

    first: int
    stop: int
    keys: torch.Tensor
    mask: torch.Tensor


def make_blocks(packed: Pack, dtype: torch.dtype) -> list[Block]:
    """Cut a pack into blocks; masks are (nodes, keys), added to the scores."""
    blocks = []
    nodes = np.arange(len(packed.tokens))
    for first in range(0, len(nodes), BLOCK):
        stop = min(first + BLOCK, len(nodes))
        # An ancestor of any node of the block that lies before it holds the first one in its subtree as well.
        path = np.flatnonzero(packed.ends[:first] > first)
        keys = np.concatenate([path, nodes[first:stop]])
        hidden = (keys[None] > nodes[first:stop, None]) | (packed.ends[keys][None] <= nodes[first:stop, None])
        mask = torch.zeros(hidden.shape, dtype=dtype).masked_fill_(torch.from_numpy(hidden), float("-inf"))
        blocks.append(Block(first, stop, torch.from_numpy(keys), mask))
    return blocks


class _TrieAttention(torch.autograd.Function):
    """Attention of (key heads, group, n, d) queries over (key heads, n, d) keys and values."""

    @staticmethod
    def forward(
        ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, blocks: Sequence[Block]
    ) -> torch.Tensor:
        ctx.save_for_backward(query, key, value)
        ctx.blocks = blocks
        output = torch.empty_like(query)
        for block in blocks:
            weights, *_, values = _weigh(block, query, key, value)
            output[:, :, block.first : block.stop] = torch.bmm(weights, values).view(
                *query.shape[:2], -1, query.shape[-1]
            )
        return output

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, None]:
        query, key, value = ctx.saved_tensors
        of_query = torch.empty_like(query)
        # Summed up over many blocks: not in bf16, whatever the model computes in.
        exact = torch.promote_types(key.dtype, torch.float32)
        of_key, of_value = torch.zeros_like(key, dtype=exact), torch.zeros_like(value, dtype=exact)
        for block in ctx.blocks:
            weights, queries, keys, values = _weigh(block, query, key, value)
            above = gradient[:, :, block.first : block.stop].reshape(queries.shape)
            of_value.index_add_(1, block.keys, torch.bmm(weights.mT, above).to(exact))
            of_weights = torch.bmm(above, values.mT)
            of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
            of_query[:, :, block.first : block.stop] = torch.bmm(of_scores, keys).view(
                *query.shape[:2], -1, query.shape[-1]
            )
            of_key.index_add_(1, block.keys, torch.bmm(of_scores.mT, queries).to(exact))
        return of_query, of_key.to(key.dtype), of_value.to(value.dtype), None


def _weigh(
    block: Block, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return a block's attention weights (key heads, group x nodes, keys), and its queries, keys and values."""
    heads, group, _, width = query.shape
    queries = query[:, :, block.first : block.stop].reshape(heads, -1, width)
    keys, values = key.index_select(1, block.keys), value.index_select(1, block.keys)
    scores = torch.baddbmm(block.mask.repeat(group, 1).expand(heads, -1, -1), queries, keys.mT)
    return torch.softmax(scores, -1), queries, keys, values


def trie_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    blocks: Sequence[Block] | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as transformers asks for it: query is (1, heads, n, d), the others have as many heads or fewer.

    Without `blocks` it is torch's own kernel.
    """
    if blocks is None:
        output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, **kwargs)
        return output, None
    heads = key.shape[1]
    scaling = kwargs.get("scaling") or query.shape[-1] ** -0.5
    output = _TrieAttention.apply(  # type: ignore[no-untyped-call]
        (query[0] * scaling).unflatten(0, (heads, -1)), key[0], value[0], blocks
    )
    return output.flatten(0, 1).transpose(0, 1)[None], None


AttentionInterface.register(TRIE_ATTENTION, trie_attention)
