// Drives the HTML report as a reader would, and holds what it shows against the JSON report of the same trace.
// page.mjs WORK DRIVER: WORK has the pages and reports that run.sh made, DRIVER the folder of playwright-core.
import { createRequire } from 'node:module';
import { readFileSync, existsSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

const [work, driver] = process.argv.slice(2);
const { chromium } = createRequire(path.resolve(driver, 'x.js'))('playwright-core');
const file = (name) => path.join(work, name);
const json = (name) => JSON.parse(readFileSync(file(name), 'utf8'));
const report = json('report.json');

// Whether the trace is somebody's, of which nothing is known here but the report: then what is about escapes is left out.
const real = Boolean(process.env.BROWSER_TRACE);

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });

function say(good, name, why) {
	console.log(`${good ? 'ok' : 'not ok'} ${name}`);
	if (!good) console.log(String(why).split('\n').map((line) => `    ${line}`).join('\n'));
}

function assert(condition, what) {
	if (!condition) throw new Error(what);
}

function same(got, wanted, what) {
	if (JSON.stringify(got) !== JSON.stringify(wanted)) throw new Error(`${what}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
}

function near(got, wanted, relative, what) {
	if (wanted === null && (got === null || Number.isNaN(got))) return;
	if (!(Math.abs(got - wanted) <= relative * Math.max(Math.abs(wanted), 1e-3))) throw new Error(`${what}: ${got} instead of ${wanted}`);
}

// A page of NAME. Whatever it asks for but itself, whatever it complains of, and any call of hacked() is kept.
async function open(name, options = {}) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
	const page = await context.newPage(), url = pathToFileURL(file(name)).href;
	page.bad = [];
	await context.route('**/*', (route) => {
		if (route.request().url().split('#')[0] === url) return route.continue();
		page.bad.push(`asked for ${route.request().url()}`);
		return route.abort();
	});
	page.on('request', (request) => request.url().split('#')[0] === url || page.bad.push(`asked for ${request.url()}`));
	page.on('console', (message) => page.bad.push(`console: ${message.text()}`));
	page.on('pageerror', (error) => page.bad.push(`error: ${error.stack}`));
	page.on('dialog', (dialog) => {
		page.bad.push(`dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
	await page.addInitScript(() => {
		window.hackedBy = [];
		window.hacked = (by) => window.hackedBy.push(by);
	});
	await page.goto(url);
	return page;
}

const ofAnyTrace = /^(the table has|any trace|a span of time|what-if|dark and light|[0-9]+ px wide|one of a hostile|hostile)/;

// NAME: what RUN does on a page of FILE goes well, and nothing was asked for or complained of.
async function test(name, fileName, run, options) {
	let page;
	if (real && !ofAnyTrace.test(name)) return;
	try {
		page = await open(fileName, options);
		await run(page);
		same(page.bad, [], 'what the page did besides');
		same(await page.evaluate(() => window.hackedBy), [], 'scripts from names');
		say(true, name);
	} catch (error) {
		say(false, name, error.stack);
	} finally {
		if (page) await page.context().close();
	}
}

// The ranks of the table's rows, in their order.
const rows = (page) => page.$$eval('#table tr.site', (list) => list.map((row) => Number(row.dataset.site) + 1));
const settle = (page) => page.waitForTimeout(150);
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

async function search(page, words) {
	await page.keyboard.press('/');
	same(await page.evaluate(() => document.activeElement.id), 'search', 'the focus after /');
	await page.keyboard.type(words);
	await settle(page);
}

await test('the summary tells of the run', 'plain.html', async (page) => {
	const text = await page.innerText('#summary');
	for (const words of [report.trace.go_version, 'GC cycles', `of the CPU is GC`, 'of this very binary', 'GOGC=20', 'none lost', '% less CPU'])
		assert(text.includes(words), `no “${words}” in: ${text}`);
	const shown = Number((await page.innerText('#figures dd')).replace(/\s*%.*/s, ''));
	near(shown, report.gc.cpu_share * 100, 0.02, 'GC share of the CPU');
	same(await page.$$eval('#notes li', (list) => list.length), report.notes.length, 'notes');
});

await test('the table has the sites by rank, and sorts by any column', 'plain.html', async (page) => {
	const byRank = report.sites.map((site) => site.rank), first = await rows(page);
	same(first, byRank.slice(0, first.length), 'the order');
	assert(first.length === Math.min(50, byRank.length), 'a page of rows');
	const orders = { bytes: 'alloc_bytes', objects: 'alloc_objects', live: 'live_bytes', gc: 'gc_saved_share' };
	for (const [key, field] of Object.entries(orders)) {
		await page.click(`#table button[data-sort="${key}"]`);
		const wanted = [...report.sites].sort((a, b) => b[field] - a[field]).map((site) => site[field]).slice(0, 20);
		const got = (await rows(page)).slice(0, 20).map((rank) => report.sites[rank - 1][field]);
		got.forEach((value, i) => near(value, wanted[i], 1e-6, `${key}, row ${i}`));
		same(await page.getAttribute(`#table th.col-${key}`, 'aria-sort'), 'descending', 'aria-sort');
	}
	await page.click('#table button[data-sort="gc"]');
	const least = (await rows(page))[0];
	near(report.sites[least - 1].gc_saved_share, Math.min(...report.sites.map((site) => site.gc_saved_share)), 1e-6, 'the other way round');
});

await test('search: by /, as a regular expression, and as it stands where it is none', 'plain.html', async (page) => {
	await search(page, 'main\\.sum(Large|Of)\\b');
	const found = (await rows(page)).map((rank) => report.sites[rank - 1].function);
	same([...new Set(found)].sort(), ['main.sumLarge', 'main.sumOf'], 'functions');
	assert(/^\d+ sites, [0-9.]+ % of the bytes/.test(await page.innerText('#found')), 'what was found');
	assert(/matched: [0-9.]+ %/.test(await page.innerText('#flame-note')), 'the share in the flame graph');
	await page.keyboard.press('Escape');
	await settle(page);
	assert((await rows(page)).length > 2, 'Escape ends the search');
	for (const words of ['(', '[]int', '*\\']) {
		await page.fill('#search', words);
		await settle(page);
	}
	await page.fill('#search', '(*');
	await settle(page);
	assert((await page.innerText('#found')).includes('no regular expression'), 'said that it is none');
});

await test('filters by class, category and package', 'plain.html', async (page) => {
	const wanted = (test_) => report.sites.filter(test_).map((site) => site.rank).slice(0, 50);
	await page.selectOption('#filter-class', { label: 'escapes, says the compiler' });
	same(await rows(page), wanted((site) => site.class === 'escape'), 'class');
	const all = await page.evaluate(() => Flame.peek().layout.value[0]);
	const saved = report.sites.filter((site) => site.class === 'escape').reduce((sum, site) => sum + Math.max(0, site.gc_saved_share), 0);
	near(all, saved, 1e-3, 'the flame graph follows');
	await page.selectOption('#filter-category', { label: 'too-large' });
	same(await rows(page), wanted((site) => site.class === 'escape' && site.category === 'too-large'), 'category too');
	await page.click('#filter-clear');
	await page.selectOption('#filter-package', { label: 'main' });
	same(await rows(page), wanted((site) => site.function.startsWith('main.')), 'package');
});

await test('a row opens by keys, and tells all of its site', 'plain.html', async (page) => {
	await page.keyboard.press('t');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('ArrowUp');
	await page.keyboard.press('Enter');
	const site = report.sites[0], text = await page.innerText('tr.details');
	for (const words of [site.function, site.file, site.verdict.message, ...site.verdict.reason, site.advice, 'Called by', 'main.categories', 'Over time', '95 %'])
		assert(text.includes(words), `no “${words}” in: ${text}`);
	same(await page.getAttribute('tr.site', 'aria-expanded'), 'true', 'aria-expanded');
	await page.keyboard.press('ArrowLeft');
	same(await page.locator('tr.details').count(), 0, 'rows of details when closed');
	const ambiguous = report.sites.find((one) => one.candidates > 1);
	assert(ambiguous, 'the trace has a site with candidates');
	await page.fill('#search', ambiguous.function);
	await settle(page);
	await page.click(`tr.site[data-site="${ambiguous.rank - 1}"]`);
	same(await page.locator('tr.details ul li').count(), ambiguous.candidates, 'candidates');
});

// Bytes below each function, from the folded stacks, which another writer has made.
function foldedBytes() {
	const sums = new Map();
	let all = 0;
	for (const line of readFileSync(file('folded'), 'utf8').trim().split('\n')) {
		const at = line.lastIndexOf(' '), value = Number(line.slice(at + 1));
		all += value;
		for (const name of new Set(line.slice(0, at).split(';'))) sums.set(name, (sums.get(name) || 0) + value);
	}
	return { all, sums };
}

await test('the flame graph has the bytes of the folded stacks, both ways round', 'plain.html', async (page) => {
	const { all, sums } = foldedBytes();
	const widths = () => page.evaluate(() => {
		const { layout, nameOf } = Flame.peek(), found = {};
		for (let i = 1; i < layout.n; i++) {
			let above = layout.parent[i];
			while (above && nameOf(above) !== nameOf(i)) above = layout.parent[above];
			if (!above) found[nameOf(i)] = (found[nameOf(i)] || 0) + layout.value[i];
		}
		return { all: layout.value[0], found };
	});
	await page.click('#flame-value button[data-value="bytes"]');
	for (const form of ['callees', 'callers']) {
		await page.click(`#flame-form button[data-value="${form}"]`);
		const got = await widths();
		near(got.all, all, 1e-4, `${form}: all`);
		for (const name of ['main.main', 'main.categories', 'main.sumLarge', 'main.distinct']) near(got.found[name], sums.get(name), 1e-3, `${form}: ${name}`);
	}
});

// Where the middle of the node is whose name has these WORDS.
const middle = (page, words) => page.evaluate((part) => {
	const { layout, nameOf, span, top, ROW } = Flame.peek(), area = document.getElementById('flame-canvas').getBoundingClientRect();
	for (let i = 1; i < layout.n; i++) {
		const place = nameOf(i).includes(part) && span(i);
		if (place && place[1] > 2) return { x: area.left + place[0] + place[1] / 2, y: area.top + top(layout.depth[i]) + ROW / 2 };
	}
	return null;
}, words);

const zoomed = (page) => page.evaluate(() => Flame.peek().nameOf(Flame.peek().zoomed));

await test('the flame graph zooms by click and keys, and tells verdict and advice', 'plain.html', async (page) => {
	await page.evaluate(() => document.getElementById('flame').scrollIntoView({ behavior: 'instant' }));
	const inside = await middle(page, 'main.categories');
	await page.mouse.move(inside.x, inside.y);
	assert((await page.innerText('#tip')).includes('main.categories'), 'the tip names the frame');
	await page.mouse.click(inside.x, inside.y);
	same(await zoomed(page), 'main.categories', 'the zoom');
	assert(await page.isEnabled('#flame-reset'), 'it can be reset');
	const allocation = await middle(page, report.sites[0].verdict.message);
	await page.mouse.click(allocation.x, allocation.y);
	const told = await page.innerText('#flame-told');
	for (const words of [report.sites[0].verdict.message, ...report.sites[0].verdict.reason, report.sites[0].advice]) assert(told.includes(words), `no “${words}” in: ${told}`);
	await page.keyboard.press('Escape');
	same(await zoomed(page), 'all', 'after Escape');
	for (const form of ['callees', 'callers']) {
		await page.click(`#flame-form button[data-value="${form}"]`);
		await page.focus('#flame-canvas');
		const [further, back] = form === 'callees' ? ['ArrowUp', 'ArrowDown'] : ['ArrowDown', 'ArrowUp'];
		for (const key of [further, further, 'ArrowRight', 'ArrowLeft']) await page.keyboard.press(key);
		await page.keyboard.press('Enter');
		assert((await zoomed(page)) !== 'all', `${form}: Enter zooms`);
		await page.keyboard.press(back);
		await page.keyboard.press('Backspace');
		await page.keyboard.press('Escape');
		same(await zoomed(page), 'all', `${form}: Escape shows all`);
	}
	await page.click('text=What if it were gone', { timeout: 500 }).catch(() => {});
});

await test('any trace: a function is searched, a frame zoomed into, an allocation tells its advice', 'plain.html', async (page) => {
	const site = report.sites[0];
	await search(page, site.function.replace(/[^\w]/g, '\\$&'));
	const found = (await rows(page)).map((rank) => report.sites[rank - 1]);
	assert(found.length > 0 && found.includes(site), 'the first site is found by its function');
	assert(/matched: [0-9.]+ %/.test(await page.innerText('#flame-note')), 'the share in the flame graph');
	await page.keyboard.press('Escape');
	await page.evaluate(() => document.getElementById('flame').scrollIntoView({ behavior: 'instant' }));
	const inside = await middle(page, site.shown.function);
	await page.mouse.click(inside.x, inside.y);
	assert((await zoomed(page)).includes(site.shown.function), 'the zoom');
	await page.keyboard.press('Escape');
	same(await zoomed(page), 'all', 'after Escape');
	await page.click('tr.site');
	assert((await page.innerText('tr.details')).includes(site.advice), 'the advice');
});

await test('a span of time, by pointer and keys: table and flame graph follow', 'plain.html', async (page) => {
	const slices = report.timeline.alloc_bytes.length, from = 15, to = 35;
	const inSpan = (values) => values.slice(from, to).reduce((sum, value) => sum + value, 0);
	const box = await page.locator('#time-chart svg').first().boundingBox(), at = (slice) => box.x + (slice + 0.5) / slices * box.width;
	await page.mouse.move(at(from), box.y + 10);
	await page.mouse.down();
	await page.mouse.move(at(to - 1), box.y + 20, { steps: 4 });
	await page.mouse.up();
	same(await page.evaluate(() => State.chosen.span), [from, to], 'the span');
	await page.click('#flame-value button[data-value="bytes"]');
	near(await page.evaluate(() => Flame.peek().layout.value[0]), report.sites.reduce((sum, site) => sum + inSpan(site.timeline), 0), 5e-3, 'bytes in the flame graph');
	const shares = await page.evaluate(() => Table.order().map((site) => [site, State.fraction(site) * Data.sites.bytes[site]]));
	for (const [site, bytes] of shares.slice(0, 10)) near(bytes, inSpan(report.sites[site].timeline), real ? 1e-2 : 5e-3, `bytes of site ${site + 1}`);
	const seconds = (to - from) * report.timeline.slice_seconds;
	assert((await page.innerText('#time-span')).includes(`${(from * report.timeline.slice_seconds).toFixed(2)} to`), 'the span in words');
	near(await page.evaluate(() => State.seconds()), seconds, 1e-6, 'its length');
	await page.keyboard.press('o');
	await page.keyboard.press('Escape');
	same(await page.evaluate(() => State.chosen.span), null, 'after Escape');
	await page.keyboard.press('Home');
	for (let i = 0; i < 5; i++) await page.keyboard.press('Shift+ArrowRight');
	same(await page.evaluate(() => State.chosen.span), [0, 6], 'by keys');
	await page.click('#time-clear');
	same(await page.evaluate(() => State.chosen.span), null, 'after “Whole run”');
});

await test('what-if: a site’s interval is told in the direction of its figure', 'plain.html', async (page) => {
	const costs = await page.evaluate(() => [[0.08, -0.15, 0.32, 0.12], [-0.08, -0.15, 0.02, -0.12]].map(([share, low, high, reused]) => {
		Object.entries({ gc: share, gc_low: low, gc_high: high, gc_reused: reused, gc_cycles: -0.0001 }).forEach(([key, value]) => {
			Data.sites[key][0] = value;
		});
		return Details.costOf(0);
	}));
	const nothing = 'which can’t be told from nothing';
	assert(costs[0].includes(`8.0 % less CPU, ${nothing} (95 %: −15.0 to 32.0 %)`), costs[0]);
	assert(costs[1].includes(`8.0 % more CPU, ${nothing} (95 %: −2.0 to 15.0 %)`), costs[1]);
	assert(costs[0].includes('(a pool), 12.0 % less.') && costs[1].includes('(a pool), 12.0 % more.'), costs.join('\n'));
	assert(costs[0].includes('Cycles 0 %,'), costs[0]);
});

// Of NAME's page: its model says what the C model says in the COUNT files of what_ifs.
async function asksAlike(page, name, count) {
	for (let set = 0; set < count; set++) {
		const wanted = json(`${name}-what-if-${set}.json`).what_if;
		const got = await page.evaluate(([sites, gogc]) => {
			const { share, equalMemory, reused, goal, removal } = Model.saving(Data, sites, gogc);
			return { share, equalMemory, reused, goal, bytes: removal.allocated, objects: removal.allocObjects };
		}, [wanted.sites.map((rank) => rank - 1), wanted.gogc]);
		const words = `set ${set} (${wanted.sites.join()}; GOGC ${wanted.gogc})`;
		near(got.share, wanted.gc_saved_share, 1e-6, `${words}: saving`);
		near(got.equalMemory, wanted.gc_saved_share_equal_memory, 1e-6, `${words}: at equal memory`);
		near(got.reused, wanted.gc_saved_share_reused, 1e-6, `${words}: reused`);
		near(got.goal, wanted.goal_bytes, 1e-6, `${words}: goal`);
		near(got.bytes, wanted.alloc_bytes, 1e-6, `${words}: bytes`);
		near(got.objects, wanted.alloc_objects, 1e-6, `${words}: objects`);
	}
	assert(!existsSync(file(`${name}-what-if-${count}.json`)), `more than ${count} sets`);
}

await test('what-if: the page’s model says what the C model says, to 1e-6', 'plain.html', async (page) => {
	await asksAlike(page, 'plain', 10);
	for (const site of report.sites) {
		const share = await page.evaluate((rank) => Model.saving(Data, [rank - 1], null).share, site.rank);
		near(share, site.gc_saved_share, 1e-6, `site ${site.rank} alone`);
	}
});

await test('what-if: so it does where the program asks for cycles itself', 'forced.html', async (page) => {
	assert(json('forced-what-if-0.json').gc.forced_cycles >= 2, 'some are forced');
	await asksAlike(page, 'forced', 5);
});

await test('what-if: ticked sites are answered, and a GOGC', 'plain.html', async (page) => {
	const wanted = json('plain-what-if-2.json').what_if;
	for (const site of [0, 1, 2]) await page.check(`tr.site[data-site="${site}"] input`);
	const text = await page.innerText('#what-if');
	assert(text.includes('Without 3 sites') && text.includes('--what-if 1,2,3'), text);
	near(Number(text.match(/([0-9.]+) % less/)[1]), wanted.gc_saved_share * 100, 0.01, 'the figure shown');
	await page.fill('#what-if-gogc', '400');
	assert((await page.innerText('#what-if')).includes('--gogc 400'), 'the question to the command line');
	await page.click('#what-if-clear');
	assert(await page.isHidden('#what-if'), 'cleared');
	same(await page.locator('tr.site input:checked').count(), 0, 'ticks left');
	await page.click('#top-fixes button');
	assert(await page.isVisible('#what-if'), 'the first fixes can be ticked');
	await page.keyboard.press('t');
	await page.keyboard.press(' ');
});

await test('the source stands with its costs and verdicts; the report begins with its --what-if', 'source.html', async (page) => {
	const site = report.sites[0], files = await page.$$eval('#source-file option', (list) => list.map((option) => option.textContent));
	assert(files.includes(site.file), `the file of the first site is among ${files}`);
	assert((await page.innerText('#what-if')).includes('--what-if 1,2'), 'asked from the beginning');
	await page.selectOption('#source-file', { label: site.file });
	const line = page.locator(`#source-text .line[data-line="${site.line}"]`);
	assert((await line.innerText()).includes('make([]int, 8193)'), 'the code');
	assert((await line.getAttribute('class')).includes('cost'), 'its cost');
	assert((await page.innerText('#source-text .said')).includes(site.verdict.message), 'the verdict below it');
	await page.locator('#source-text .said button').first().click();
	same(await page.locator('tr.details').count(), 1, 'it leads to the table');
	await page.click('tr.details >> text=Show in source');
	assert((await page.locator('#source-text .at').getAttribute('data-line')) === String(site.line), 'and back');
});

await test('without --embed-source no source is in the file', 'plain.html', async (page) => {
	assert(await page.isHidden('#source'), 'no source is shown');
	assert(!readFileSync(file('plain.html'), 'utf8').includes('keptChanges'), 'a name that only the source has');
});

await test('dark and light, by the system and by hand', 'plain.html', async (page) => {
	const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
	same(await page.getAttribute('html', 'data-theme'), 'dark', 'as the system has it');
	const dark = await paper();
	await page.click('#theme');
	assert((await paper()) !== dark, 'by hand');
	await page.keyboard.press('d');
	same(await paper(), dark, 'by key');
}, { colorScheme: 'dark' });

for (const width of [320, 400, 700, 2000]) {
	await test(`${width} px wide: nothing is wider than the window`, 'source.html', async (page) => {
		assert((await overflow(page)) <= 0, `too wide by ${await overflow(page)} at first`);
		await page.locator('tr.site').first().click();
		await page.locator('tr.site').nth(1).press('ArrowRight');
		await page.selectOption('#filter-class', { index: 1 });
		await page.click('#filter-clear');
		assert((await overflow(page)) <= 0, `too wide by ${await overflow(page)} with details`);
		const cells = await page.$$eval('tr.site', (list) => list.slice(0, 5).map((row) => row.querySelector('.col-where').getBoundingClientRect().width));
		assert(Math.min(...cells) >= 0.3 * Math.min(width, 600), `where has only ${Math.min(...cells)} px`);
	}, { viewport: { width, height: 800 } });
}

await test('names are short: no folders, no type arguments; those of C++ keep their brackets', 'plain.html', async (page) => {
	const names = {
		'github.com/x/cache/v2.(*Cache[go.shape.string,go.shape.*uint8]).Set': 'cache/v2.(*Cache[...]).Set',
		'a/b.New[go.shape.[]a/b.T].func1[int]': 'b.New[...].func1[...]',
		'b.open[int': 'b.open[...]',
		'main.main': 'main.main',
		'operator new[](unsigned long)': 'operator new[](unsigned long)',
		'std::to_string[abi:cxx11](int)': 'std::to_string[abi:cxx11](int)',
		'f(char [16])': 'f(char [16])',
	};
	same(await page.evaluate((list) => list.map(Base.shortFunction), Object.keys(names)), Object.values(names), 'the names');
});

await test('keys: help, and the ways about', 'plain.html', async (page) => {
	await page.keyboard.press('?');
	assert(await page.isVisible('#keys'), '? shows the keys');
	await page.keyboard.press('Escape');
	assert(await page.isHidden('#keys'), 'Escape closes them');
	for (const [key, id] of [['g', 'flame-canvas'], ['o', 'time-chart']]) {
		await page.keyboard.press(key);
		same(await page.evaluate(() => document.activeElement.id), id, `the focus after ${key}`);
	}
	await page.keyboard.press('t');
	await page.keyboard.press('End');
	same(await page.evaluate(() => Number(document.activeElement.dataset.site) + 1), report.sites.length, 'End is the last site');
	await page.keyboard.press('Home');
	await page.keyboard.press('f');
	same(await page.evaluate(() => document.activeElement.id), 'flame-canvas', 'f shows the site there');
	assert((await page.innerText('#flame-told')).includes(report.sites[0].advice), 'and tells of it');
	const unnamed = await page.$$eval('button, select, input, [tabindex="0"]', (list) => list.filter((node) => !node.closest('[hidden]') &&
		!(node.getAttribute('aria-label') || node.textContent.trim() || node.placeholder || (node.labels && node.labels.length) || node.getAttribute('aria-labelledby'))).map((node) => node.outerHTML.slice(0, 80)));
	same(unnamed, [], 'controls without a name');
});

await test('C memory: sites, the lines of Go that pay, stacks', 'cgo.html', async (page) => {
	const c = json('cgo.json').c, texts = () => page.$$eval('#c-table tr.site', (list) => list.map((row) => row.innerText));
	same((await texts()).length, Math.min(25, c.sites.length), 'rows');
	assert((await texts())[0].includes('c_leaf'), `the first row: ${(await texts())[0]}`);
	same(await page.$$eval('#c-lines tbody tr', (list) => list.length), c.go_lines.length, 'lines of Go');
	assert((await page.innerText('#c-lines tbody tr')).includes('main.goLeaf'), 'the first line');
	await page.click('#c-table tr.site');
	const told = await page.innerText('#c-table tr.details');
	for (const words of ['From Go', 'Freed within', 'main.goMid', 'c_mid']) assert(told.includes(words), `${words} in ${told}`);
	await page.click('#c-table button[data-sort="kept"]');
	const most = [...c.sites].sort((a, b) => b.kept_bytes - a.kept_bytes)[0];
	assert((await texts())[0].includes(most.function.split('/').pop()), 'sorted by what is not freed');
	const whole = await page.getAttribute('#c-graph .c-frame', 'aria-label');
	assert(whole.startsWith('all, ') && whole.endsWith('100 %'), whole);
	const frame = page.locator('#c-graph .c-frame[aria-label^="c_mid, "]').first();
	assert((await frame.count()) === 1, 'a frame of c_mid');
	await frame.focus();
	await page.keyboard.press('Enter');
	near(await page.locator('#c-graph .c-frame[aria-label^="c_mid, "]').first().evaluate((node) => node.getBoundingClientRect().width / node.parentNode.clientWidth), 1, 0.01, 'zoomed to');
	await page.click('#c-value button[data-value="kept"]');
	assert((await page.$$eval('#c-graph .c-frame', (list) => list.length)) > 1, 'by what is not freed');
	await page.fill('#search', 'goCallback|inner');
	await settle(page);
	const found = c.sites.filter((site) => /goCallback|inner/i.test(site.function + site.go_caller?.function)).length;
	same((await texts()).length, found, 'searched for');
	assert((await overflow(page)) <= 0, `too wide by ${await overflow(page)}`);
});

await test('a program of C alone: nothing of a collector', 'c.html', async (page) => {
	for (const id of ['sites', 'flame', 'time', 'top-fixes']) assert(await page.isHidden(`#${id}`), `${id} is hidden`);
	assert((await page.innerText('#run')).startsWith('C or C++'), await page.innerText('#run'));
	assert((await page.innerText('#c-table')).includes('by_realloc'), 'its sites');
	same(await page.$$eval('#c-lines table', (list) => list.length), 0, 'lines of Go');
});

await test('without C in the trace there is no such part', 'plain.html', async (page) => {
	assert(await page.isHidden('#c-memory'), 'the part');
	assert(await page.isHidden('#nav-c'), 'the way to it');
});

// All that a page of names full of markup can be made to show.
async function exercise(page) {
	for (const row of await page.locator('tr.site').all()) await row.click({ position: { x: 300, y: 8 } });
	for (const value of await page.locator('#flame-value button').all()) await value.click();
	for (const form of await page.locator('#flame-form button').all()) {
		await form.click();
		await page.focus('#flame-canvas');
		for (const key of ['ArrowUp', 'ArrowUp', 'Enter', 'ArrowDown', 'ArrowDown', 'Enter', 'Escape']) await page.keyboard.press(key);
		const box = await page.locator('#flame-canvas').boundingBox();
		for (let y = 5; y < box.height; y += 19) await page.mouse.move(box.x + 100, box.y + y);
	}
	await page.fill('#search', '<img');
	await settle(page);
	await page.fill('#search', '');
	await settle(page);
	for (const frame of await page.locator('.c-frame').all()) await frame.click();
	const box = page.locator('tr.site input');
	if (await box.count()) await box.first().check();
}

for (const kind of ['hostile', 'profile']) {
	await test(`names of markup and script stay names: ${kind}`, `${kind}.html`, async (page) => {
		await exercise(page);
		same(await page.$$eval('img, iframe, object, embed, link, base, form, svg script, [onerror], [onclick], [src], [style*="url"]', (list) => list.length), 0, 'elements that names would make');
		same(await page.$$eval('script', (list) => list.length), 1, 'scripts');
		same(await page.$$eval('a', (list) => list.map((link) => link.getAttribute('href')).filter((to) => !to.startsWith('#'))), [], 'links elsewhere');
		const text = await page.innerText('main');
		assert(text.includes("</script><img src=x onerror=\"hacked('img')\">"), 'the name is shown as it is');
		assert(!/[\u0000-\u0008\u000b-\u001f\u2028-\u202e]/.test(text), 'control and direction characters');
		assert((await overflow(page)) <= 0, `too wide by ${await overflow(page)}`);
	});
}

await test('the policy lets no other script or style run', 'hostile.html', async (page) => {
	const ran = await page.evaluate(() => new Promise((done) => {
		const blocked = [];
		document.addEventListener('securitypolicyviolation', (event) => blocked.push(event.effectiveDirective));
		const script = document.createElement('script'), picture = document.createElement('img');
		script.textContent = 'window.hackedBy.push("inline")';
		picture.src = 'https://example.invalid/x.png';
		document.body.append(script, picture);
		document.body.setAttribute('onclick', 'hacked("attribute")');
		document.body.click();
		document.body.setAttribute('style', 'color: red');
		setTimeout(() => done(blocked.sort()), 100);
	}));
	for (const what of ['script-src-elem', 'script-src-attr', 'img-src', 'style-src-attr']) assert(ran.includes(what), `${what} is not among what was blocked: ${ran}`);
	page.bad.length = 0; /* these complaints were wanted */
});

await test('a run without a GC cycle: by bytes, and no saving is claimed', 'idle.html', async (page) => {
	assert((await page.innerText('#top-fixes')).includes('No GC cycle was seen'), 'said so');
	same(await page.evaluate(() => Flame.peek().measure), 'bytes', 'what widths stand for');
	assert(await page.evaluate(() => Flame.peek().layout.value[0] > 0), 'something is drawn');
	same(await page.locator('tr.site').count() > 0, true, 'there are sites');
	same(await page.locator('tr.site input').count(), 0, 'boxes to tick');
	same(await page.innerText('#sites-title'), 'The largest allocation sites', 'the title');
	assert(!(await page.innerText('#sites')).includes('saved'), 'no column of savings');
	same(await page.locator('#what-if').isHidden(), true, 'what if is hidden');
});

await test('no sites at all', 'empty.html', async (page) => {
	assert((await page.innerText('#table')).includes('No allocation was sampled'), 'said so');
	await page.keyboard.press('t');
	await page.focus('#flame-canvas');
	for (const key of ['ArrowUp', 'Enter', 'Escape']) await page.keyboard.press(key);
});

await test('a hundred thousand stacks: within 3 MB, and every part works', 'large.html', async (page) => {
	const size = statSync(file('large.html')).size, ready = await page.getAttribute('html', 'data-ready');
	assert(size <= 3e6, `${size} bytes`);
	const timed = await page.evaluate(() => {
		const time = (words) => {
			const begin = performance.now();
			words();
			return Math.round(performance.now() - begin);
		};
		return {
			bytes: time(() => document.querySelector('#flame-value button[data-value="bytes"]').click()),
			callers: time(() => document.querySelector('#flame-form button[data-value="callers"]').click()),
			search: time(() => State.setSearch('Type1[0-9]*5')),
			span: time(() => State.setSpan([0, 2])),
			what_if: time(() => State.tickOnly([0, 1, 2, 500, 1999])),
			nodes: Data.raw.tree.count,
		};
	});
	console.log(`    ${(size / 1e6).toFixed(2)} MB, ${timed.nodes} frames; ms until it can be used: ${ready}; to redraw: ${JSON.stringify(timed)}`);
	same((await rows(page)).length, 50, 'rows in the document');
	assert(timed.nodes > 100000, 'frames are kept');
	await page.keyboard.press('t');
	await page.keyboard.press('Enter');
});

await browser.close();
