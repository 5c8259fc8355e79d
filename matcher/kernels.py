"""The inner loops of the block index, compiled by numba.

Rows stand in kd order, in blocks of BLOCK rows; GROUP consecutive blocks form a group. Every block
and every group has a bounding box. A query walks the groups from the nearest box outwards and stops
where no box can hold a better row.

All bounds are float32 in the catalogue's own units, y = (x − center) / unit; whatever they let
through is measured again in float64 by the arithmetic of `matcher.metric`, bit for bit. Nothing is
lost to float32: a row at true distance d is kept unless its float32 distance exceeds d by more than
rounding can explain (`_limit`).

One file on purpose: numba's cache notices a changed file, not a changed callee in another.

    near   (groups · GROUP, dims, BLOCK) float32   y of the rows in kd order
    boxes  (groups, 2, dims, GROUP) float32        lowest and highest y in each block
    tops   (2, dims, groups) float32               the same for each group
    order  (rows,) int32                           row of the catalogue at each place
"""

from __future__ import annotations

import math

import numpy as np

from data.compiled import njit
from matcher.layout import BLOCK, GROUP

DONE, INVALID, SCAN = 0, 1, 2
"""How a search ends: answered; the arguments need a closer look; outside float32's range, so that a
scan is needed."""

_compiled = njit(nogil=True, error_model="numpy")

_ROUNDING = 2.0**-23
_RELATIVE = 1 + 1e-6
_TINY = 1e-37
_SMALL, _LARGE = 1e-200, 1e200
_F0 = np.float32(0)
_INF = np.float32(np.inf)


# ------------------------------------------------------------------------------ order


@_compiled
def normalise(features, dims, center, unit, keys, first, last):
    """keys (dims, rows) = (features − center) / unit for rows first..last."""
    for j in range(dims.size):
        for i in range(first, last):
            keys[j, i] = (features[i, dims[j]] - center[j]) / unit[j]


@_compiled
def split(keys, order, values, start, stop):
    """Divide places start..stop at the middle of their widest dimension; return the middle."""
    n = stop - start
    dims = keys.shape[0]
    step = max(n // 256, 1)
    best, widest = 0, -1.0
    for j in range(dims):
        total, squares, count = 0.0, 0.0, 0
        for p in range(start, stop, step):
            v = keys[j, order[p]]
            total += v
            squares += v * v
            count += 1
        variance = squares - total * total / count
        if variance > widest:
            best, widest = j, variance
    unit = BLOCK * GROUP if n > BLOCK * GROUP else BLOCK
    middle = start + ((n + unit - 1) // unit + 1) // 2 * unit
    for p in range(start, stop):
        values[p] = keys[best, order[p]]
    _select(values, order, start, stop - 1, middle)
    return middle


@_compiled
def _select(values, order, low, high, place):
    """Hoare's selection: afterwards no value before `place` exceeds one from `place` on."""
    while low < high:
        a, b, c = values[low], values[(low + high) // 2], values[high]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            return


@_compiled
def _arrange(keys, order, values):
    """kd order down to single blocks."""
    starts, stops = np.empty(128, np.int64), np.empty(128, np.int64)
    starts[0], stops[0] = 0, order.size
    depth = 1
    while depth:
        depth -= 1
        a, b = starts[depth], stops[depth]
        if b - a <= BLOCK:
            continue
        middle = split(keys, order, values, a, b)
        starts[depth], stops[depth] = a, middle
        starts[depth + 1], stops[depth + 1] = middle, b
        depth += 2


@_compiled
def finish(keys, order, near, boxes, tops, start, stop):
    """Bring places start..stop, whole groups, into kd order and fill their blocks and boxes.

    Works on a copy of these rows, small enough to stay in the processor's cache. Places beyond the
    last row repeat it.
    """
    dims, n = keys.shape[0], stop - start
    local, places = np.empty((dims, n), np.float32), np.arange(n).astype(np.int32)
    rows = order[start:stop].copy()
    for j in range(dims):
        for p in range(n):
            local[j, p] = keys[j, rows[p]]
    _arrange(local, places, np.empty(n, np.float32))
    for p in range(n):
        order[start + p] = rows[places[p]]
    for g in range((n + GROUP * BLOCK - 1) // (GROUP * BLOCK)):
        at = start // (GROUP * BLOCK) + g
        for j in range(dims):
            lowest, highest = _INF, -_INF
            for s in range(GROUP):
                low, high = _INF, -_INF
                for i in range(BLOCK):
                    v = local[j, places[min((g * GROUP + s) * BLOCK + i, n - 1)]]
                    near[at * GROUP + s, j, i] = v
                    low, high = min(low, v), max(high, v)
                boxes[at, 0, j, s], boxes[at, 1, j, s] = low, high
                lowest, highest = min(lowest, low), max(highest, high)
            tops[0, j, at], tops[1, j, at] = lowest, highest


# ------------------------------------------------------------------------------ both metrics


@_compiled
def _largest_weight(query, weights, dims, unit, sd):
    """(how it ended, the largest weight in units of y): DONE where all is fit for float32."""
    largest, scale = 0.0, 0.0
    for f in range(query.size):
        if not (-1e100 <= query[f] <= 1e100 and 0 <= weights[f] <= 1e100):
            return INVALID, 0.0
        largest = max(largest, weights[f])
    if largest == 0:
        return INVALID, 0.0
    for j in range(dims.size):
        scale = max(scale, weights[dims[j]] * (unit[j] / sd[dims[j]]) ** 2)
    return (DONE if 1e-250 < scale < 1e250 else SCAN), scale


@_compiled
def _insert(rows, found, count, k, row, distance):
    """Keep (distance, row) among the k best, in order; return how many there are."""
    if count == k:
        if distance > found[k - 1] or (distance == found[k - 1] and row > rows[k - 1]):
            return count
        p = k - 1
    else:
        p = count
        count += 1
    while p > 0 and (found[p - 1] > distance or (found[p - 1] == distance and rows[p - 1] > row)):
        found[p], rows[p] = found[p - 1], rows[p - 1]
        p -= 1
    found[p], rows[p] = distance, row
    return count


@_compiled
def _sift(keys, items, start, size):
    key, item = keys[start], items[start]
    p = start
    while True:
        c = 2 * p + 1
        if c >= size:
            break
        if c + 1 < size and keys[c + 1] < keys[c]:
            c += 1
        if not keys[c] < key:
            break
        keys[p], items[p] = keys[c], items[c]
        p = c
    keys[p], items[p] = key, item


# ------------------------------------------------------------------------------ euclidean


@_compiled
def _limit(distance, root, slack):
    """float32 bound on the squared distance of any row at most `distance` away."""
    reach = (distance / root + slack) * _RELATIVE
    return np.float32(reach * reach * _RELATIVE + _TINY)


@_compiled
def _box_bounds(lows, highs, used, active, q, w, out):
    """Squared distance of q to each box."""
    for i in range(out.size):
        out[i] = _F0
    for a in range(used):
        j, qa, wa = active[a], q[a], w[a]
        low, high = lows[j], highs[j]
        for i in range(out.size):
            under, over = low[i] - qa, qa - high[i]
            t = under if under > over else over
            t = t if t > _F0 else _F0
            out[i] += wa * t * t


@_compiled
def _scan_group(g, near, order, boxes, features, query, weights, sd, mask, used, active, q, w,
                root, slack, k, rows, found, count, limit, bounds, sums):  # fmt: skip
    """Look into one group, nearest block first; return (count, limit)."""
    n = order.size
    _box_bounds(boxes[g, 0], boxes[g, 1], used, active, q, w, bounds)
    while True:
        s = 0
        for i in range(1, GROUP):
            if bounds[i] < bounds[s]:
                s = i
        if not bounds[s] <= limit or bounds[s] == _INF:
            return count, limit
        bounds[s] = _INF
        block = near[g * GROUP + s]
        for i in range(BLOCK):
            sums[i] = _F0
        for a in range(used):
            column, qa, wa = block[active[a]], q[a], w[a]
            for i in range(BLOCK):
                t = column[i] - qa
                sums[i] += wa * t * t
        hits = 0
        for i in range(BLOCK):
            hits += sums[i] <= limit
        if hits == 0:
            continue
        for i in range(BLOCK):
            place = (g * GROUP + s) * BLOCK + i
            if not sums[i] <= limit or place >= n:
                continue
            row = order[place]
            if mask.size and not mask[row]:
                continue
            total = 0.0
            for f in range(query.size):
                if weights[f] > 0:
                    t64 = (features[row, f] - query[f]) / sd[f]
                    total += weights[f] * (t64 * t64)
            count = _insert(rows, found, count, k, row, np.sqrt(total))
            if count == k:
                limit = _limit(found[k - 1], root, slack)


@_compiled
def euclidean(
    near,
    order,
    boxes,
    tops,
    dims,
    center,
    unit,
    reach,
    features,
    query,
    weights,
    middle,
    sd,
    mask,
    k,
    rows,
    found,
):
    """The k nearest rows into `rows` and `found`; returns (how it ended, how many were found).

    middle : not used; every search takes the same arguments.
    """
    q, w, active = (
        np.empty(dims.size, np.float32),
        np.empty(dims.size, np.float32),
        np.empty(dims.size, np.int64),
    )
    ended, scale = _largest_weight(query, weights, dims, unit, sd)
    if ended != DONE:
        return ended, 0
    used, slack = 0, 0.0
    for j in range(dims.size):
        f = dims[j]
        relative = weights[f] * (unit[j] / sd[f]) ** 2 / scale
        if relative < 1e-30:
            continue  # left out of the bounds, counted in the distances
        y = (query[f] - center[j]) / unit[j]
        if not abs(y) < 1e15:
            return SCAN, 0
        q[used], w[used], active[used] = y, relative, j
        slack += relative * (_ROUNDING * (reach[j] + abs(y))) ** 2
        used += 1
    root, slack = np.sqrt(scale), np.sqrt(slack)

    groups = tops.shape[2]
    keys, items = np.empty(groups, np.float32), np.empty(groups, np.int32)
    bounds, sums = np.empty(GROUP, np.float32), np.empty(BLOCK, np.float32)
    _box_bounds(tops[0], tops[1], used, active, q, w, keys)
    home = 0
    for g in range(1, groups):
        if keys[g] < keys[home]:
            home = g
    count, limit = _scan_group(home, near, order, boxes, features, query, weights, sd, mask, used,
                               active, q, w, root, slack, k, rows, found, 0, _INF, bounds,
                               sums)  # fmt: skip
    size = 0
    for g in range(groups):
        if g != home and keys[g] <= limit:
            keys[size], items[size] = keys[g], g
            size += 1
    for p in range(size // 2 - 1, -1, -1):
        _sift(keys, items, p, size)
    while size and keys[0] <= limit:
        g = items[0]
        size -= 1
        keys[0], items[0] = keys[size], items[size]
        _sift(keys, items, 0, size)
        count, limit = _scan_group(g, near, order, boxes, features, query, weights, sd, mask, used,
                                   active, q, w, root, slack, k, rows, found, count, limit, bounds,
                                   sums)  # fmt: skip
    return DONE, count


# ------------------------------------------------------------------------------ cosine


@_compiled
def _box_cosines(lows, highs, used, active, v, e, o, t, nn, out):
    """Cosine between the query and the point of each box nearest to its ray; where to look first.

    Leaves in `t` how far along the ray that point was looked for.
    """
    for i in range(out.size):
        t[i] = _F0
    for a in range(used):
        low, high, f = lows[active[a]], highs[active[a]], np.float32(0.5) * e[a] * v[a]
        twice = o[a] + o[a]
        for i in range(out.size):
            t[i] += f * (low[i] + high[i] + twice)
    for i in range(out.size):
        t[i] = t[i] if t[i] > _F0 else _F0
        nn[i] = np.float32(_TINY)
        out[i] = _F0
    for a in range(used):
        low, high, va, ea, oa = lows[active[a]], highs[active[a]], v[a], e[a], o[a]
        for i in range(out.size):
            x = t[i] * va - oa
            x = x if x > low[i] else low[i]
            x = (x if x < high[i] else high[i]) + oa
            nn[i] += ea * x * x
            out[i] += ea * va * x
    for i in range(out.size):
        out[i] /= np.sqrt(nn[i])


@_compiled
def _box_may_reach(lows, highs, used, active, v, e, o, t, nn, cosine, error, room, radius, out):
    """Whether each box may hold a row within `cosine` (> 0) of the query: out > 0.

    For any unit vector u, |x| ≥ u·x, so v·x − cosine·|x| ≤ (v − cosine·u)·x, whose largest value
    over a box is a sum over its sides. u points to the box's point nearest to the ray. `t` and `nn`
    are those of `_box_cosines`; everything rounding could hide is added.
    """
    for i in range(out.size):
        nn[i] = cosine / np.sqrt(nn[i])
        out[i] = _F0
        room[i] = _F0
        radius[i] = _F0
    for a in range(used):
        low, high, va, ea, oa = lows[active[a]], highs[active[a]], v[a], e[a], o[a]
        for i in range(out.size):
            x = t[i] * va - oa
            x = x if x > low[i] else low[i]
            x = (x if x < high[i] else high[i]) + oa
            g = ea * (va - nn[i] * x)
            p, r = low[i] + oa, high[i] + oa
            m = max(abs(p), abs(r))
            out[i] += max(g * p, g * r)
            room[i] += ea * (abs(va) + abs(nn[i] * x)) * m
            radius[i] += ea * m * m
    for i in range(out.size):
        out[i] += np.float32(4e-6) * (room[i] + np.sqrt(radius[i])) + error


@_compiled
def _near_one(x):
    """Bring the largest number of x below 1 by a power of two; return the square of its length."""
    peak = 0.0
    for f in range(x.size):
        peak = max(peak, abs(x[f]))
    exponent = math.frexp(peak)[1]
    total = 0.0
    for f in range(x.size):
        x[f] = math.ldexp(x[f], -exponent)
        total += x[f] * x[f]
    return total


@_compiled
def _length_one(x, weights, center, sd, out):
    """√w (x − center) / sd at length 1, the bits of `matcher.metric`; whether it has a length."""
    total = 0.0
    for f in range(x.size):
        out[f] = 0.0
        if weights[f] > 0:
            out[f] = np.sqrt(weights[f]) * ((x[f] - center[f]) / sd[f])
            total += out[f] * out[f]
    if not (_SMALL < total < _LARGE):  # squares that lost digits
        for f in range(x.size):
            out[f] = (x[f] - center[f]) / sd[f] if weights[f] > 0 else 0.0
        _near_one(out)
        for f in range(x.size):
            out[f] *= np.sqrt(weights[f])
        total = _near_one(out)
    length = np.sqrt(total)
    some = False
    for f in range(x.size):
        if length > 0:
            out[f] /= length
        some = some or out[f] != 0
    return some


@_compiled
def _scan_cone(g, near, order, boxes, features, target, weights, middle, sd, mask, used, active, v,
               e, o, error, k, rows, found, count, floor, scratch, dots, norms,
               unit_row):  # fmt: skip
    """Look into one group, blocks nearest to the ray first; return (count, floor).

    floor : the lowest cosine of use.
    """
    n = order.size
    cosines, t, nn, may, room, radius = scratch
    lows, highs = boxes[g, 0], boxes[g, 1]
    _box_cosines(lows, highs, used, active, v, e, o, t, nn, cosines)
    if floor > _F0:
        _box_may_reach(lows, highs, used, active, v, e, o, t, nn, floor, error, room, radius, may)
        for i in range(GROUP):
            if not may[i] >= _F0:
                cosines[i] = -_INF
    while True:
        s = 0
        for i in range(1, GROUP):
            if cosines[i] > cosines[s]:
                s = i
        if cosines[s] == -_INF:
            return count, floor
        cosines[s] = -_INF
        block = near[g * GROUP + s]
        for i in range(BLOCK):
            dots[i] = _F0
            norms[i] = _F0
        for a in range(used):
            column, ea, oa = block[active[a]], e[a], o[a]
            eva = ea * v[a]
            for i in range(BLOCK):
                x = column[i] + oa
                dots[i] += eva * x
                norms[i] += ea * x * x
        hits = 0
        for i in range(BLOCK):
            norm = np.sqrt(norms[i])
            dots[i] += np.float32(4e-6) * norm + error - floor * norm
            hits += dots[i] >= _F0
        if hits == 0:
            continue
        for i in range(BLOCK):
            place = (g * GROUP + s) * BLOCK + i
            if not dots[i] >= _F0 or place >= n:
                continue
            row = order[place]
            if mask.size and not mask[row]:
                continue
            total = 1.0
            if _length_one(features[row], weights, middle, sd, unit_row):
                total = 0.0
                for f in range(target.size):
                    if weights[f] > 0:
                        d = unit_row[f] - target[f]
                        total += d * d * 0.5
            count = _insert(rows, found, count, k, row, total)
            if count == k:
                floor = np.float32(1 - found[k - 1])


@_compiled
def cosine(
    near,
    order,
    boxes,
    tops,
    dims,
    center,
    unit,
    reach,
    features,
    query,
    weights,
    middle,
    sd,
    mask,
    k,
    rows,
    found,
):
    """As `euclidean`, by angle about `middle`."""
    v, e, o = (
        np.empty(dims.size, np.float32),
        np.empty(dims.size, np.float32),
        np.empty(dims.size, np.float32),
    )
    active = np.empty(dims.size, np.int64)
    target, unit_row = np.empty(query.size), np.empty(query.size)
    ended, scale = _largest_weight(query, weights, dims, unit, sd)
    if ended != DONE:
        return ended, 0
    if not _length_one(query, weights, middle, sd, target):
        return SCAN, 0
    used, length, error = 0, 0.0, 0.0
    for j in range(dims.size):
        f = dims[j]
        if weights[f] > 0:
            relative = weights[f] * (unit[j] / sd[f]) ** 2 / scale
            z, offset = (query[f] - middle[f]) / unit[j], (center[j] - middle[f]) / unit[j]
            if relative < 1e-30 or not abs(z) < 1e15 or not abs(offset) < 1e15:
                return SCAN, 0
            length += relative * z * z
            error += relative * offset * offset
            used += 1
    length, error = np.sqrt(length), np.float32(4 * _ROUNDING * np.sqrt(error) + 1e-18)
    if not length > 1e-15:
        return SCAN, 0
    used = 0
    for j in range(dims.size):
        f = dims[j]
        if weights[f] > 0:
            v[used] = (query[f] - middle[f]) / unit[j] / length
            e[used] = weights[f] * (unit[j] / sd[f]) ** 2 / scale
            o[used], active[used] = (center[j] - middle[f]) / unit[j], j
            used += 1

    groups = tops.shape[2]
    keys, t, nn = (
        np.empty(groups, np.float32),
        np.empty(groups, np.float32),
        np.empty(groups, np.float32),
    )
    may, room, radius = (
        np.empty(groups, np.float32),
        np.empty(groups, np.float32),
        np.empty(groups, np.float32),
    )
    scratch = (np.empty(GROUP, np.float32), np.empty(GROUP, np.float32),
               np.empty(GROUP, np.float32), np.empty(GROUP, np.float32),
               np.empty(GROUP, np.float32), np.empty(GROUP, np.float32))  # fmt: skip
    dots, norms = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    items = np.empty(groups, np.int32)
    count, floor = 0, np.float32(-2)  # below every cosine
    _box_cosines(tops[0], tops[1], used, active, v, e, o, t, nn, keys)
    for _ in range(min(4, groups)):
        home = 0
        for g in range(1, groups):
            if keys[g] > keys[home]:
                home = g
        keys[home] = -_INF
        count, floor = _scan_cone(home, near, order, boxes, features, target, weights, middle, sd,
                                  mask, used, active, v, e, o, error, k, rows, found, count, floor,
                                  scratch, dots, norms, unit_row)  # fmt: skip
    if floor > _F0:
        _box_may_reach(
            tops[0], tops[1], used, active, v, e, o, t, nn, floor, error, room, radius, may
        )
    size = 0
    for g in range(groups):
        if keys[g] != -_INF and not (floor > _F0 and may[g] < _F0):
            keys[size], items[size] = -keys[g], g
            size += 1
    for p in range(size // 2 - 1, -1, -1):
        _sift(keys, items, p, size)
    while size:
        g = items[0]
        size -= 1
        keys[0], items[0] = keys[size], items[size]
        _sift(keys, items, 0, size)
        count, floor = _scan_cone(g, near, order, boxes, features, target, weights, middle, sd,
                                  mask, used, active, v, e, o, error, k, rows, found, count, floor,
                                  scratch, dots, norms, unit_row)  # fmt: skip
    return DONE, count


# ------------------------------------------------------------------------------ many queries


@_compiled
def euclidean_many(near, order, boxes, tops, dims, center, unit, reach, features, queries, weights,
                   middle, sd, mask, k, which, rows, found):  # fmt: skip
    """`euclidean` for the queries numbered in `which`; DONE, or how the first that failed ended."""
    for i in which:
        ended, _ = euclidean(near, order, boxes, tops, dims, center, unit, reach, features,
                             queries[i], weights[i], middle, sd, mask, k, rows[i],
                             found[i])  # fmt: skip
        if ended != DONE:
            return ended
    return DONE


@_compiled
def cosine_many(near, order, boxes, tops, dims, center, unit, reach, features, queries, weights,
                middle, sd, mask, k, which, rows, found):  # fmt: skip
    """`cosine` for the queries numbered in `which`."""
    for i in which:
        ended, _ = cosine(near, order, boxes, tops, dims, center, unit, reach, features, queries[i],
                          weights[i], middle, sd, mask, k, rows[i], found[i])  # fmt: skip
        if ended != DONE:
            return ended
    return DONE
