"""Line charts as SVG text: axes, grid, a legend, and nothing that needs a library."""

import html
import math

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 78, 150, 44, 56
COLORS = ["#c0504d", "#1f6fb4", "#4f9d4f", "#8e63b0", "#c28a1a", "#4a4a4a"]


class Axis:
    """Maps values to positions. `forward` makes them linear: identity, log10 or nines."""

    def __init__(self, label, ticks, forward, low, high):
        self.label = label
        self.ticks = [(value, text) for value, text in ticks if low <= value <= high]
        self._forward = forward
        self._low, self._high = forward(low), forward(high)

    def position(self, value, begin, end):
        width = self._high - self._low or 1
        return begin + (end - begin) * (self._forward(value) - self._low) / width


def log_axis(label, values):
    positive = [value for value in values if value > 0] or [1]
    low = 10 ** math.floor(math.log10(min(positive)) + 1e-9)
    high = 10 ** math.ceil(math.log10(max(positive)) - 1e-9)
    high = high if high > low else low * 10
    decades = range(round(math.log10(low)), round(math.log10(high)) + 1)
    ticks = [(10.0**decade, short_number(10.0**decade)) for decade in decades]
    return Axis(label, ticks, lambda value: math.log10(max(value, low)), low, high)


def linear_axis(label, values):
    top = max(values, default=1) or 1
    step = 10 ** math.floor(math.log10(top))
    step = next(step * part for part in (0.2, 0.5, 1, 2) if top / (step * part) <= 6)
    high = math.ceil(top / step) * step
    ticks = [(i * step, short_number(i * step)) for i in range(round(high / step) + 1)]
    return Axis(label, ticks, lambda value: value, 0, high)


def nines_axis(label):
    """Percentiles, with as much room for 99 to 99.9 as for 0 to 90."""
    top = 99.99
    ticks = [(p, f"{p:g}") for p in (0, 50, 90, 99, 99.9, 99.99)]
    return Axis(label, ticks, lambda p: -math.log10(1 - min(p, top) / 100), 0, top)


def short_number(value):
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:g}{letter}"
    return f"{value:g}"


def line_chart(title, x_axis, y_axis, series):
    """`series`: {name: [(x, y), ...]}."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="24" font-size="15">{html.escape(title)}</text>',
    ]
    for value, text in x_axis.ticks:
        x = x_axis.position(value, LEFT, right)
        parts.append(_line(x, TOP, x, bottom, "#ddd"))
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{text}</text>')
    for value, text in y_axis.ticks:
        y = y_axis.position(value, bottom, TOP)
        parts.append(_line(LEFT, y, right, y, "#ddd"))
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    parts.append(_line(LEFT, bottom, right, bottom, "#333"))
    parts.append(_line(LEFT, TOP, LEFT, bottom, "#333"))
    middle_x, middle_y = (LEFT + right) / 2, (TOP + bottom) / 2
    parts.append(f'<text x="{middle_x}" y="{HEIGHT - 14}" text-anchor="middle">{html.escape(x_axis.label)}</text>')
    parts.append(
        f'<text x="18" y="{middle_y}" text-anchor="middle" transform="rotate(-90 18 {middle_y})">'
        f"{html.escape(y_axis.label)}</text>"
    )
    for i, (name, points) in enumerate(series.items()):
        color = COLORS[i % len(COLORS)]
        places = [
            (x_axis.position(x, LEFT, right), y_axis.position(y, bottom, TOP)) for x, y in points
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>' for x, y in places]
        y = TOP + 10 + 20 * i
        parts.append(_line(right + 14, y, right + 38, y, color, 2))
        parts.append(f'<text x="{right + 44}" y="{y + 4}">{html.escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(x1, y1, x2, y2, color, width=1):
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{color}" stroke-width="{width}"/>'
    )
