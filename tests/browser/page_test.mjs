// page_test.mjs: what a person sees on the page, in a real browser.
//
// Against a host of its own (COMMY_PROGRAM, COMMY_MANIFEST), or the one that
// COMMY_URL and COMMY_KEY name. COMMY_CHROMIUM is the browser.

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import os from 'node:os';
import {after, before, describe, test} from 'node:test';

import {chromium} from 'playwright-core';

import {PulseHost, until} from './pulse_host.mjs';

let browser;
let host;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.COMMY_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  host = await PulseHost.start({environment: {PULSE_CPU_LIMIT: '60'}});
});
after(async () => {
  await browser?.close();
  await host?.stop();
});

/** A new tab, and what its console complained about. */
async function newPage(options = {}) {
  const context = await browser.newContext(
    {viewport: {width: 1280, height: 800}, ...options});
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') page.problems.push(message.text());
  });
  return page;
}

/** A tab with the page open and alive. */
async function openPage(options) {
  const page = await newPage(options);
  await page.goto(`${host.url}#key=${host.key}`);
  await page.locator('#cpu .value strong:not(:empty)').waitFor();
  await processRow(page, 'sampler').waitFor();
  return page;
}

const processRow = (page, name) =>
  page.locator('#processes tbody tr', {hasText: name});
const pidOf = async (page, name) =>
  Number(await processRow(page, name).locator('td').nth(3).textContent());
/** Resolves when the row shows one of the states, with how long it took. */
async function comesTo(page, name, states, begin = Date.now()) {
  await page.waitForFunction(([row, wanted]) => {
    const rows = [...document.querySelectorAll('#processes tbody tr')];
    const found = rows.find((r) => r.textContent.includes(row));
    return found && wanted.includes(found.dataset.state);
  }, [name, states], {polling: 20});
  return Date.now() - begin;
}

describe('the page', () => {
  test('shows values that move', async () => {
    const page = await openPage();
    const seen = new Set();
    await until(async () => {
      seen.add(await page.locator('#memory .value strong').textContent());
      seen.add(await page.locator('#top .amount').first().textContent());
      return seen.size >= 5;
    }, 'values that change');
    // One every 100 ms; a machine under load makes fewer.
    await page.locator('#rate', {hasText: /^([1-9]|1[0-5]) samples\/s$/})
      .waitFor();
    // Something is drawn in each chart.
    for (const id of ['cpu', 'memory', 'network', 'disk']) {
      assert.ok(await page.evaluate((chart) => {
        const canvas = document.querySelector(`#${chart} canvas`);
        const {data} = canvas.getContext('2d')
          .getImageData(0, 0, canvas.width, canvas.height);
        return data.some((byte) => byte !== 0);
      }, id), `${id} is empty`);
    }
    assert.ok(await page.locator('#cores meter').count() >= 1);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  test('takes the key out of the address and keeps it for the tab', async () => {
    const page = await openPage();
    assert.ok(!page.url().includes(host.key), page.url());
    assert.ok(!page.url().includes('#'), page.url());
    await page.reload();
    await processRow(page, 'sampler').waitFor();
    // Nothing to go back to that holds it.
    await page.goBack();
    assert.ok(!page.url().includes(host.key), page.url());
    await page.context().close();
  });

  test('asks for a key when it has none, and says what is wrong with one',
       async () => {
         const page = await newPage();
         await page.goto(host.url);
         await page.locator('#key-form').waitFor();
         await page.fill('#key', 'let me in');
         await page.click('#key-form button');
         assert.match(await page.locator('#key-error').textContent(),
                      /begins with ck_/);
         await page.fill('#key', `ck_aaaaaaaa_${'A'.repeat(43)}`);
         await page.click('#key-form button');
         await page.locator('#key-error', {hasText: 'opens nothing'})
           .waitFor();
         assert.equal(await page.locator('#board').isVisible(), false);
         await page.fill('#key', host.key);
         await page.click('#key-form button');
         await processRow(page, 'sampler').waitFor();
         assert.deepEqual(page.problems, []);
         await page.context().close();
       });

  test('marks a killed process within two seconds, and its return',
       async () => {
         const page = await openPage();
         const pid = await pidOf(page, 'sampler');
         const begin = Date.now();
         process.kill(pid, 'SIGKILL');
         assert.ok(await comesTo(page, 'sampler', ['dead'], begin) < 2000);
         await comesTo(page, 'sampler', ['restarted', 'alive']);
         const row = processRow(page, 'sampler');
         assert.match(await row.textContent(), /killed by signal 9/);
         assert.match(await row.textContent(), /restarted \d+×/);
         await until(async () => {
           const now = await pidOf(page, 'sampler');
           return now > 0 && now !== pid;
         }, 'another process number');
         await page.context().close();
       });

  test('calls a stopped process slow, never dead', async () => {
    const page = await openPage();
    const pid = await pidOf(page, 'analyst');
    process.kill(pid, 'SIGSTOP');
    try {
      await comesTo(page, 'analyst', ['slow']);
      await until(async () => {
        const row = processRow(page, 'analyst');
        assert.notEqual(await row.getAttribute('data-state'), 'dead');
        const beat = await row.locator('td').nth(2).textContent();
        return /^[3-9]\.\d s$/.test(beat);
      }, 'three seconds without a heartbeat');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await comesTo(page, 'analyst', ['alive']);
    assert.equal(await pidOf(page, 'analyst'), pid);
    await page.context().close();
  });

  test('shows an alarm when the processor is busy', async () => {
    const page = await openPage();
    const burners = os.cpus().map(
      () => spawn(process.execPath, ['-e', 'for (;;) ;']));
    try {
      await page.locator('#alarms li', {hasText: 'limit 60 %'}).first()
        .waitFor();
    } finally {
      for (const burner of burners) burner.kill('SIGKILL');
    }
    await page.context().close();
  });

  test('fits a phone, in the dark, too', async () => {
    const page = await openPage({
      viewport: {width: 360, height: 740}, colorScheme: 'dark',
      deviceScaleFactor: 2, hasTouch: true, isMobile: true,
    });
    const width = await page.evaluate(() =>
      document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${width} pixels wide`);
    const background = await page.evaluate(() =>
      getComputedStyle(document.body).backgroundColor);
    assert.equal(background, 'rgb(12, 14, 20)');
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  test('says that it lost its host, and comes back to it', async (t) => {
    if (!host.isOurs) return t.skip('the host is not the test\'s own');
    const page = await openPage();
    const port = Number(new URL(host.url).port);
    assert.equal(await host.stop(), 0);
    // Nothing stays behind but what others put there.
    assert.deepEqual(host.left, []);
    await page.locator('#state', {hasText: 'connection lost'}).waitFor();
    host = await PulseHost.start({port});
    // Keys of this host live as long as it does, so the old one is refused.
    await page.locator('#key-error', {hasText: 'opens nothing'}).waitFor();
    await page.fill('#key', host.key);
    await page.click('#key-form button');
    await processRow(page, 'sampler').waitFor();
    await page.context().close();
  });
});
