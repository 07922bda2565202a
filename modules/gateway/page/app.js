// app.js: what the page shows, and when.

import {Chart, History, roundBytes} from './charts.js';
import {Connection} from './connection.js';
import * as format from './format.js';
import * as panels from './panels.js';
import {Entries, Queue} from './store.js';

const byId = (id) => document.getElementById(id);
const keyPlace = 'commy.key';

const historyFields = [
  'taken_ns', 'cpu_percent', 'memory_used_bytes', 'memory_total_bytes',
  'net_rx_bytes_per_s', 'net_tx_bytes_per_s', 'disk_read_bytes_per_s',
  'disk_write_bytes_per_s',
];
const history = new History(historyFields.slice(1));
let samplesBefore = null;  // A second ago; null when there were none.
const seen = {
  now: new Map(), top: [], analysis: new Map(), processes: new Map(),
  processesAt: 0, alarms: [], health: new Map(),
};
let charts = [];
let lastData = 0;  // When the last sample arrived, by our own clock.

// ---- the key ----

/** Takes the key out of the address, where history and screens would keep it. */
function keyFromAddress() {
  const found = new URLSearchParams(location.hash.slice(1)).get('key');
  if (found) {
    sessionStorage.setItem(keyPlace, found);
    // Not `location.hash = ''`, which would leave an entry to go back to.
    window.history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(keyPlace);
}

function showOnly(id) {
  for (const part of ['board', 'waiting', 'door']) {
    byId(part).hidden = part !== id;
  }
}

function askForKey(problem = '') {
  showOnly('door');
  byId('key-error').textContent = problem;
  byId('key').value = '';
  byId('key').focus();
}

byId('key-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const key = byId('key').value.trim();
  if (!/^ck_[^_]+_.+$/.test(key)) {
    byId('key-error').textContent = 'A key begins with ck_; this is none.';
    return;
  }
  byId('key-error').textContent = '';
  sessionStorage.setItem(keyPlace, key);
  connection.start(key);
});

// ---- the connection ----

let countdown;
function showState(state, detail) {
  clearInterval(countdown);
  const pill = byId('state');
  const set = (look, text) => {
    pill.className = `pill ${look}`;
    byId('state-text').textContent = text;
  };
  if (state === 'open') {
    set('good', 'live');
    byId('place').textContent = detail.tenant;
  }
  if (state === 'connecting') set('waiting', 'connecting');
  if (state === 'waiting') {
    const until = performance.now() + detail;
    const tell = () => {
      const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
      set('waiting', `connection lost, again in ${left} s`);
    };
    tell();
    countdown = setInterval(tell, 250);
  }
  if (state === 'refused') {
    sessionStorage.removeItem(keyPlace);
    set('bad', 'not let in');
    askForKey(`${detail[0].toUpperCase()}${detail.slice(1)}. ` +
              'Copy it once more, or ask for a new one.');
  }
}

const connection = new Connection({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}` +
    '/v1/ws',
  onState: showState,
  onOpen: begin,
});

// ---- watching ----

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Watches one object for as long as the connection lasts. */
async function keepWatching(path, params, store, round) {
  while (round === rounds) {
    const ended = new Promise((resolve) => {
      connection.watch({path, ...params}, (event) => {
        if (event.phase === 'end') resolve();
        else store.apply(event);
      }).catch((error) => {
        // Not there yet, or held: it may come. No right: it will not.
        if (error.code !== 403) resolve();
      });
    });
    await ended;
    await pause(1000);
  }
}

/** The service that has something to draw: the first with a `history`. */
async function findService() {
  const {objects} = await connection.ask('list');
  const found = objects.find((o) => o.path.endsWith('/history') && o.watch);
  return found ? found.path.slice(0, -'/history'.length) : null;
}

let rounds = 0;
async function begin(welcome) {
  const round = ++rounds;
  const watch = (path, params, store) =>
    keepWatching(path, params, store, round);
  watch('$sys/processes', {}, new Entries((rows) => {
    seen.processes = rows;
    seen.processesAt = performance.now();
    draw();
  }));
  watch('$sys/health', {}, new Entries((parts) => {
    seen.health = parts;
    draw();
  }));
  watch('$sys/alarms', {}, new Queue({
    onReset: () => { seen.alarms = []; },
    onPush: (events) => {
      seen.alarms.push(...events);
      draw();
    },
    onDrop: (count) => seen.alarms.splice(0, count),
    onDropBack: (count) => seen.alarms.splice(-count),
  }));

  let service = null;
  while (round === rounds && !service) {
    try {
      service = await findService();
    } catch (error) {
      if (error.code === 403) {
        showOnly('waiting');
        byId('waiting-text').textContent =
          'This key does not allow to see anything here.';
        return;
      }
    }
    if (!service) {
      showOnly('waiting');
      byId('waiting-text').textContent =
        'No process has shared a history yet. It appears as soon as one does.';
      await pause(1000);
    }
  }
  if (round !== rounds) return;
  showOnly('board');
  byId('place').textContent = service;
  document.title = `Commy · ${service}`;
  makeCharts();
  watch(`${service}/history`, {last: 6000, fields: historyFields},
        new Queue({
          onReset: () => {
            history.onReset();
            samplesBefore = null;
          },
          onPush: (samples) => {
            history.onPush(samples);
            lastData = performance.now();
            draw();
          },
          onDrop: () => {},
          onDropBack: () => {},
        }));
  watch(`${service}/now`, {}, new Entries((now) => {
    seen.now = now;
    draw();
  }));
  watch(`${service}/top`, {}, new Entries((top) => {
    const list = top.get('list') ?? [];
    seen.top = list.slice(0, top.get('count') ?? list.length);
    draw();
  }));
  watch(`${service}/analysis`, {}, new Entries((analysis) => {
    seen.analysis = analysis;
    draw();
  }));
}

// ---- drawing ----

function averages() {
  const means = seen.analysis.get('cpu_percent');
  if (!means) return '';
  return `10 s ${format.percent(means.over_10s, 0)} · 1 min ${
    format.percent(means.over_60s, 0)}`;
}

function makeCharts() {
  if (charts.length > 0) return;
  const make = (id, options) => {
    const chart = new Chart(byId(id), {history, ...options});
    // The time of the last sample, and how long it has been.
    chart.now = () => {
      const last = history.times[history.times.length - 1];
      const passed = (performance.now() - lastData) / 1000;
      return passed > 1 ? last + passed : last;
    };
    charts.push(chart);
  };
  const bytesPerSecond = (value, axis) =>
    axis && value === 0 ? '0' : format.rate(value, axis);
  make('cpu', {
    series: [{field: 'cpu_percent', color: 'cpu'}],
    format: (value, axis) => format.percent(value, axis ? 0 : 1),
    top: () => 100,
    limit: () => format.number(seen.analysis.get('cpu_limit_percent')),
    beside: averages,
  });
  make('memory', {
    series: [{field: 'memory_used_bytes', color: 'memory'}],
    format: (value, axis) =>
      axis && value === 0 ? '0' : format.bytes(value, axis),
    isBytes: true,
    top: () => history.latest('memory_total_bytes') || 1,
    beside: () => `of ${format.bytes(history.latest('memory_total_bytes'))}`,
  });
  make('network', {
    series: [
      {field: 'net_rx_bytes_per_s', color: 'in', label: 'in'},
      {field: 'net_tx_bytes_per_s', color: 'out', label: 'out'},
    ],
    format: bytesPerSecond,
    isBytes: true,
    top: roundBytes,
  });
  make('disk', {
    series: [
      {field: 'disk_read_bytes_per_s', color: 'read', label: 'read'},
      {field: 'disk_write_bytes_per_s', color: 'write', label: 'write'},
    ],
    format: bytesPerSecond,
    isBytes: true,
    top: roundBytes,
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const chart of charts) chart.build();
  });
}

/** The analyst's own list, when nobody has published alarms. */
function alarmsOfAnalysis() {
  const list = seen.analysis.get('alarms') ?? [];
  return list.filter((a) => format.number(a.since_ns) > 0).map((a) => ({
    what: 'cpu', source: 'analyst', text: a.text, value: a.peak,
    limit: a.limit, since: format.number(a.since_ns) / 1e9,
    until: format.number(a.until_ns) > 0
      ? format.number(a.until_ns) / 1e9 : undefined,
  }));
}

function showHealth() {
  const unwell = [...seen.health].filter(([, part]) => part.state !== 'ready');
  const pill = byId('health');
  pill.hidden = unwell.length === 0;
  pill.className = 'pill bad';
  pill.textContent = unwell.map(([name, part]) => `${name} ${part.state}`)
    .join(', ');
  pill.title = unwell.map(([, part]) => part.reason).join('\n');
}

setInterval(() => {
  // What came with the snapshot is no rate.
  byId('rate').textContent =
    samplesBefore === null ? '' : `${history.count - samplesBefore} samples/s`;
  samplesBefore = history.count > 0 ? history.count : null;
  draw();
}, 1000);

let asked = false;
/** Draws at the next frame, at most once in 90 ms; never in a hidden tab. */
function draw() {
  if (asked || document.hidden) return;
  asked = true;
  setTimeout(() => requestAnimationFrame(drawNow), 90);
}

function drawNow() {
  asked = false;
  panels.showProcesses(byId('processes'), seen.processes, seen.processesAt);
  panels.showCores(byId('cores'), seen.now);
  const cores = [...seen.now.keys()].filter((n) => /^cpu\.\d+$/.test(n)).length;
  panels.showTop(byId('top'), seen.top, cores);
  panels.showDevices(byId('devices'), seen.now);
  const published = panels.pairAlarms(seen.alarms);
  panels.showAlarms(byId('alarms'),
                    published.length > 0 ? published : alarmsOfAnalysis());
  showHealth();
  if (history.times.length > 0) for (const chart of charts) chart.draw();
}
document.addEventListener('visibilitychange', draw);

// ---- here we go ----

addEventListener('hashchange', () => {
  const key = keyFromAddress();
  if (key) connection.start(key);
});
const key = keyFromAddress();
if (key) {
  connection.start(key);
} else {
  byId('state').className = 'pill';
  byId('state-text').textContent = 'no key';
  askForKey();
}
