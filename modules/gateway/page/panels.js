// panels.js: tables, bars and lists. Whatever comes from outside is text.

import * as format from './format.js';

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Keeps one child element for each key, in the order given. */
function reconcile(parent, keys, make) {
  parent.known ??= new Map();
  const known = parent.known;
  const wanted = new Set(keys);
  for (const [key, child] of known) {
    if (wanted.has(key)) continue;
    child.remove();
    known.delete(key);
  }
  keys.forEach((key, i) => {
    let child = known.get(key);
    if (!child) {
      child = make(key);
      known.set(key, child);
    }
    if (parent.children[i] !== child) {
      parent.insertBefore(child, parent.children[i] ?? null);
    }
  });
  return known;
}

function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
function fill(card, filled, count) {
  card.classList.toggle('filled', filled);
  const place = card.querySelector('.count');
  if (place) setText(place, count ?? '');
}

// ---- processes ----

const stateLook = {
  alive: 'good', slow: 'warn', dead: 'bad', restarted: 'warn',
  gave_up: 'bad', stopped: '', restarting: 'warn',
};
const stateText = {gave_up: 'gave up'};

// A process that is back within a moment was dead all the same: it is shown for
// so long that an eye can see it, and marked for a while after.
const deadShownMs = 1500;
const restartedShownMs = 15_000;

/** What to show of a row that arrived `passed` ms ago. */
export function shownState(row, passed) {
  const ended = row.ended_ms == null ? Infinity : row.ended_ms + passed;
  if (row.state === 'alive' && row.restarts > 0) {
    if (ended < deadShownMs) return 'dead';
    if (ended < restartedShownMs) return 'restarted';
  }
  return row.state;
}

export function showProcesses(card, rows, arrived) {
  const body = card.querySelector('tbody');
  const passed = performance.now() - arrived;
  const keys = [...rows.keys()].sort((a, b) => a.localeCompare(b));
  const made = reconcile(body, keys, () => {
    const row = element('tr');
    const name = element('td', 'name');
    name.append(element('span'), element('small', 'note'));
    const state = element('td');
    state.append(element('span', 'pill'), element('span', 'note'));
    row.append(name, state, element('td', 'number'), element('td', 'number'));
    return row;
  });
  for (const [key, line] of made) {
    const row = rows.get(key);
    const state = shownState(row, passed);
    const [name, stateCell, heartbeat, pid] = line.children;
    if (line.dataset.state !== state) {
      line.classList.remove('fresh');
      if (line.dataset.state) {
        void line.offsetWidth;  // Lets the animation begin again.
        line.classList.add('fresh');
      }
      line.dataset.state = state;
    }
    setText(name.children[0], row.name);
    setText(name.children[1],
            row.restarts ? `restarted ${row.restarts}×` : '');
    const pill = stateCell.children[0];
    pill.className = `pill ${stateLook[state] ?? ''}`;
    setText(pill, stateText[state] ?? state);
    const recent = row.ended && row.ended_ms + passed < 600_000;
    setText(stateCell.children[1],
            recent ? `${row.ended.replace(/ \(.*\)$/, '')}, ${
                       format.seconds(row.ended_ms + passed)} ago` : '');
    setText(heartbeat, row.heartbeat_ms == null
      ? '–' : format.span(row.heartbeat_ms));
    setText(pid, row.pid ? String(row.pid) : '–');
  }
  fill(card, keys.length > 0, keys.length ? String(keys.length) : '');
}

// ---- alarms ----

/** Pairs what was raised with what cleared it; the newest first. */
export function pairAlarms(events) {
  const open = new Map();
  const all = [];
  for (const event of events) {
    const key = `${event.source} ${event.what}`;
    const at = format.number(event.at_ns) / 1e9;
    const last = open.get(key);
    if (event.raised && !last) {
      const alarm = {what: event.what, source: event.source,
                     value: event.value, limit: event.limit, since: at};
      open.set(key, alarm);
      all.push(alarm);
    } else if (event.raised) {
      last.value = Math.max(last.value, event.value);
    } else if (last) {
      last.until = at;
      open.delete(key);
    }
  }
  return all.reverse();
}

export function showAlarms(card, alarms) {
  const list = card.querySelector('.list');
  const keys = alarms.map((a) => `${a.source} ${a.what} ${a.since}`);
  const made = reconcile(list, keys, () => {
    const item = element('li');
    item.append(element('span', 'pill'), element('span'),
                element('span', 'note'));
    return item;
  });
  let open = 0;
  alarms.forEach((alarm, i) => {
    const [pill, what, when] = made.get(keys[i]).children;
    const lasts = alarm.until === undefined;
    open += lasts ? 1 : 0;
    pill.className = `pill ${lasts ? 'bad' : ''}`;
    setText(pill, lasts ? 'now' : 'over');
    setText(what, alarm.text ?? `${alarm.what} reached ${
      format.percent(alarm.value, 0)}, limit ${
      format.percent(alarm.limit, 0)}`);
    const until = lasts ? Date.now() / 1000 : alarm.until;
    setText(when, `${format.clock(alarm.since)} · ${
      format.seconds((until - alarm.since) * 1000)}`);
  });
  fill(card, alarms.length > 0, open ? `${open} now` : '');
}

// ---- bars ----

/** bars: [{key, label, note?, value, most, text}] */
export function showBars(card, bars, count) {
  const place = card.querySelector('.bars');
  const made = reconcile(place, bars.map((b) => b.key), () => {
    const bar = element('div', 'bar');
    const label = element('span', 'label');
    label.append(element('span'), element('small'));
    const meter = element('meter');
    meter.min = 0;
    bar.append(label, meter, element('span', 'amount'));
    return bar;
  });
  for (const bar of bars) {
    const [label, meter, amount] = made.get(bar.key).children;
    setText(label.children[0], bar.label);
    setText(label.children[1], bar.note ?? '');
    meter.max = bar.most;
    meter.low = meter.high = bar.most * 0.9;
    meter.optimum = 0;
    meter.value = Math.min(bar.value, bar.most);
    setText(amount, bar.text);
  }
  fill(card, bars.length > 0, count);
}

/** cpu.0, cpu.1, ... of the map of current values. */
export function showCores(card, now) {
  const cores = [];
  for (const [name, value] of now) {
    const found = /^cpu\.(\d+)$/.exec(name);
    if (found) cores.push({number: Number(found[1]), value});
  }
  cores.sort((a, b) => a.number - b.number);
  showBars(card, cores.map((core) => ({
    key: core.number, label: String(core.number), value: core.value, most: 100,
    text: format.percent(core.value, 0),
  })), cores.length ? String(cores.length) : '');
}

export function showTop(card, processes, cores) {
  showBars(card, processes.map((p) => ({
    key: p.pid, label: p.name || `#${p.pid}`, note: p.name ? String(p.pid) : '',
    value: p.cpu_percent, most: 100 * Math.max(1, cores),
    text: format.percent(p.cpu_percent),
  })));
}

/** Names like net.eth0.rx_bytes_per_s; the totals are in the charts. */
export function showDevices(card, now) {
  const devices = new Map();
  for (const [name, value] of now) {
    const found =
      /^(net|disk)\.(.+)\.(rx|tx|read|write)_bytes_per_s$/.exec(name);
    if (!found || found[2] === 'total') continue;
    const key = `${found[1]} ${found[2]}`;
    const device = devices.get(key) ?? {kind: found[1], name: found[2]};
    device[found[3] === 'rx' || found[3] === 'read' ? 'in' : 'out'] = value;
    devices.set(key, device);
  }
  const keys = [...devices.keys()].sort();
  const made = reconcile(card.querySelector('tbody'), keys, () => {
    const row = element('tr');
    const name = element('td', 'name');
    name.append(element('span'), element('small', 'note'));
    row.append(name, element('td', 'number'), element('td', 'number'));
    return row;
  });
  for (const [key, line] of made) {
    const device = devices.get(key);
    setText(line.children[0].children[0], device.name);
    setText(line.children[0].children[1],
            device.kind === 'net' ? 'network' : 'disk');
    setText(line.children[1], format.rate(device.in));
    setText(line.children[2], format.rate(device.out));
  }
  fill(card, keys.length > 0);
}
