// charts.js: the four charts and the ten minutes they show.

import * as format from './format.js';

const shownSeconds = 600;
const leastSeconds = 60;
// A pause in the data longer than this is drawn as a gap.
const gapSeconds = 1.5;

// Round steps of bytes: 1, 2, 4, ... of each unit.
const byteSteps = Array.from({length: 50}, (_, i) => 2 ** i);

const color = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`)
    .trim();

/** Samples in columns, as the charts want them; the oldest first. */
export class History {
  constructor(fields) {
    this.fields = fields;
    this.onReset();
  }
  onReset() {
    this.columns = this.fields.map(() => []);
    this.times = [];
    this.count = 0;
  }
  onPush(samples) {
    for (const sample of samples) {
      const time = format.number(sample.taken_ns) / 1e9;
      if (!Number.isFinite(time)) continue;
      const last = this.times[this.times.length - 1];
      if (last !== undefined && time - last > gapSeconds) {
        this.times.push(last + gapSeconds / 2);
        for (const column of this.columns) column.push(null);
      }
      this.times.push(time);
      this.fields.forEach((field, i) => {
        const value = format.number(sample[field]);
        this.columns[i].push(Number.isFinite(value) ? value : null);
      });
      ++this.count;
    }
    this.forget();
  }
  // What is older is forgotten by its time; the queue's own length does not
  // matter to a page that may have begun in the middle of it.
  onDrop() {}
  onDropBack() {}
  forget() {
    const oldest = this.times[this.times.length - 1] - shownSeconds - 5;
    let drop = 0;
    while (drop < this.times.length && this.times[drop] < oldest) ++drop;
    if (drop < 200) return;
    this.times.splice(0, drop);
    for (const column of this.columns) column.splice(0, drop);
  }
  latest(field) {
    const column = this.columns[this.fields.indexOf(field)];
    return column[column.length - 1];
  }
  /** The mean of the last second: a figure that can be read. */
  recent(field) {
    const column = this.columns[this.fields.indexOf(field)];
    const begin = this.times[this.times.length - 1] - 1;
    let sum = 0;
    let count = 0;
    for (let i = column.length - 1; i >= 0 && this.times[i] > begin; --i) {
      if (column[i] === null) continue;
      sum += column[i];
      ++count;
    }
    return count === 0 ? null : sum / count;
  }
  at(field, index) {
    return this.columns[this.fields.indexOf(field)][index];
  }
}

/** One card: a chart, and above it the values now or under the pointer. */
export class Chart {
  /** series: [{field, color, label?}]; top(data, min, max) gives the y range. */
  constructor(card, {series, history, format: text, top, limit, beside, isBytes}) {
    this.card = card;
    this.series = series;
    this.history = history;
    this.text = text;
    this.top = top;
    this.limit = limit;
    this.beside = beside;
    this.isBytes = isBytes;
    this.place = card.querySelector('.plot');
    this.makeReadout();
    this.build();
    new ResizeObserver(() => this.resize()).observe(this.place);
  }

  makeReadout() {
    const value = this.card.querySelector('.value');
    if (this.series.length === 1) {
      this.readouts = [value.querySelector('strong')];
      this.besideText = value.querySelector('.beside');
      return;
    }
    this.readouts = this.series.map((one) => {
      const part = document.createElement('span');
      part.className = 'series';
      const key = document.createElement('span');
      key.className = 'key';
      key.style.color = `var(--${one.color})`;
      const strong = document.createElement('strong');
      const label = document.createElement('span');
      label.className = 'beside';
      label.textContent = one.label;
      part.append(key, strong, label);
      value.append(part);
      return strong;
    });
  }

  build() {
    this.plot?.destroy();
    const axis = {
      stroke: color('soft'),
      font: '11px system-ui, sans-serif',
      ticks: {show: false},
      grid: {stroke: color('grid'), width: 1},
    };
    const area = (name) => (plot) => {
      const {top, height} = plot.bbox;
      const fill = plot.ctx.createLinearGradient(0, top, 0, top + height);
      fill.addColorStop(0, `${color(name)}38`);
      fill.addColorStop(1, `${color(name)}05`);
      return fill;
    };
    this.plot = new window.uPlot({
      width: this.place.clientWidth || 300,
      height: this.place.clientHeight || 150,
      padding: [6, 6, 0, 0],
      legend: {show: false},
      cursor: {
        y: false,
        points: {size: 6},
        drag: {x: false, y: false},
        sync: {key: 'all', setSeries: false},
      },
      scales: {
        x: {time: true, range: () => this.window()},
        y: {range: (_, least, most) => [0, this.top(most)]},
      },
      axes: [
        {...axis, size: 24, space: 70,
         values: (_, splits) => splits.map((s) => format.clock(s))},
        {...axis, size: this.isBytes ? 68 : 46, space: 34,
         ...(this.isBytes ? {incrs: byteSteps} : {}),
         values: (_, splits) => splits.map((s) => this.text(s, true))},
      ],
      series: [
        {},
        ...this.series.map((one) => ({
          stroke: color(one.color),
          fill: area(one.color),
          width: 1.5,
          points: {show: false},
        })),
      ],
      hooks: {
        setCursor: [() => this.tell()],
        draw: [(plot) => this.drawLimit(plot)],
      },
    }, this.data(), this.place);
  }

  data() {
    return [this.history.times,
            ...this.series.map(
              (one) => this.history.columns[
                this.history.fields.indexOf(one.field)])];
  }

  // Goes on while no data come, so that a silence is seen as one.
  window() {
    const {times} = this.history;
    if (times.length === 0) return [0, leastSeconds];
    const end = Math.max(times[times.length - 1], this.now?.() ?? 0);
    const span = Math.min(shownSeconds, Math.max(leastSeconds, end - times[0]));
    return [end - span, end];
  }

  drawLimit(plot) {
    const limit = this.limit?.();
    if (!Number.isFinite(limit)) return;
    const y = Math.round(plot.valToPos(limit, 'y', true)) + 0.5;
    const {left, width} = plot.bbox;
    const {ctx} = plot;
    ctx.save();
    ctx.strokeStyle = color('bad');
    ctx.globalAlpha = 0.7;
    ctx.setLineDash([6 * devicePixelRatio, 5 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    ctx.restore();
  }

  /** The values under the pointer, or the last ones. */
  tell() {
    const index = this.plot?.cursor.idx;
    const last = this.history.times.length - 1;
    const pointed = Number.isInteger(index) && index < last;
    const at = pointed ? index : last;
    this.series.forEach((one, i) => {
      const value = pointed ? this.history.at(one.field, at)
                            : this.history.recent(one.field);
      this.readouts[i].textContent = value == null ? '–' : this.text(value);
    });
    if (this.besideText) {
      this.besideText.textContent =
        !pointed ? this.beside?.() ?? ''
                 : `at ${format.clock(this.history.times[at])}`;
    }
  }

  draw() {
    this.plot.setData(this.data());
    // Four times a second: figures that change faster cannot be read.
    const now = performance.now();
    if (now - (this.toldAt ?? 0) < 250) return;
    this.toldAt = now;
    this.tell();
  }
  resize() {
    const {clientWidth: width, clientHeight: height} = this.place;
    if (width > 0 && height > 0) this.plot.setSize({width, height});
  }
}

/** The next round number of bytes above `most`, for a scale that rests. */
export function roundBytes(most) {
  let top = 16 * 1024;
  while (top < most * 1.1) top *= 2;
  return top;
}
