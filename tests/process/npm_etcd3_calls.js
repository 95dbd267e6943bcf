// What npm's etcd3 is used for, against running members.
// usage: node npm_etcd3_calls.js ADDRESS... (npm_etcd3_test.py starts it)
'use strict';
const assert = require('assert');
const readline = require('readline');
const {Etcd3, EtcdLockFailedError, EtcdLeaseInvalidError} = require('etcd3');

const PATIENCE_MS = 30000;
const addresses = process.argv.slice(2);
const hosts = addresses.map((address) => 'http://' + address);

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late: ' + what)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function once(emitter, event) {
  return within(new Promise((resolve, reject) => {
    emitter.once(event, resolve);
    emitter.once('error', reject);
  }), event);
}

async function eventually(fact, what) {
  const end = Date.now() + PATIENCE_MS;
  while (!(await fact())) {
    assert(Date.now() < end, 'too late: ' + what);
    await sleep(20);
  }
}

// The parent does it and answers with a line.
const answers = readline.createInterface({input: process.stdin})[Symbol.asyncIterator]();
async function please(request) {
  console.log('please ' + request);
  await answers.next();
}

async function keysAndValues(client) {
  const space = client.namespace('kv/');
  assert.strictEqual(await space.get('none'), null);
  await space.put('a').value('one');
  await space.put('number').value(42);
  await space.put('json').value(JSON.stringify({x: [1, 2]}));
  await space.put('bytes').value(Buffer.from([0, 255]));
  assert.strictEqual(await space.get('a').string(), 'one');
  assert.strictEqual(await space.get('number').number(), 42);
  assert.deepStrictEqual(await space.get('json').json(), {x: [1, 2]});
  assert.deepStrictEqual(await space.get('bytes').buffer(), Buffer.from([0, 255]));
  assert.strictEqual(await space.get('a').exists(), true);
  assert.strictEqual((await space.put('a').value('two').getPrevious()).value.toString(), 'one');
  const before = (await space.get('a').exec()).header.revision;
  await space.put('a').touch();
  const touched = (await space.get('a').exec()).kvs[0];
  assert.deepStrictEqual([touched.value.toString(), touched.version], ['two', '3']);
  await space.put('a').value('three');
  assert.strictEqual(await space.get('a').revision(before).string(), 'two');
  assert.strictEqual(await space.get('a').serializable(true).string(), 'three');
  const gone = await space.delete().key('a').getPrevious();
  assert.strictEqual(gone[0].value.toString(), 'three');
  assert.strictEqual((await space.delete().all()).deleted, '3');
}

async function ranges(client) {
  const space = client.namespace('ranges/');
  for (let i = 0; i < 20; ++i) await space.put('k' + String(i).padStart(2, '0')).value(i * 7 % 20);
  assert.strictEqual(await space.getAll().count(), 20);
  assert.deepStrictEqual(await space.getAll().prefix('k1').keys(),
      Array.from({length: 10}, (_, i) => 'k1' + i));
  const sorted = await space.getAll().sort('Value', 'Descend').limit(3).strings();
  assert.deepStrictEqual(Object.values(sorted), ['9', '8', '7']);
  assert.deepStrictEqual(await space.getAll().inRange({start: 'k05', end: 'k07'}).numbers(),
      {k05: 15, k06: 2});
  const first = await space.getAll().sort('Mod', 'Ascend').limit(1).exec();
  assert.deepStrictEqual([first.more, first.count], [true, '20']);
  const revision = first.kvs[0].mod_revision;
  assert.strictEqual((await space.getAll().maxModRevision(revision).exec()).kvs.length, 1);
  assert.strictEqual((await space.getAll().minCreateRevision(revision).exec()).kvs.length, 20);
  assert.strictEqual((await space.delete().prefix('k0')).deleted, '10');
  assert.strictEqual((await space.delete().inRange({start: 'k15', end: 'k20'})).deleted, '5');
  assert.strictEqual(await space.getAll().count(), 5);
}

async function transactions(client) {
  const space = client.namespace('txn/');
  await space.put('a').value('1');
  const yes = await space.if('a', 'Value', '==', '1').and('a', 'Version', '<', 2)
      .and('b', 'Create', '==', 0)
      .then(space.put('b').value('2'), space.get('a'), space.delete().key('a'))
      .else(space.get('b'))
      .commit();
  assert.strictEqual(yes.succeeded, true);
  assert.deepStrictEqual(yes.responses.map((each) => each.response),
      ['response_put', 'response_range', 'response_delete_range']);
  const no = await space.if('b', 'Mod', '!=', yes.header.revision)
      .then(space.put('c').value('x')).else(space.get('b')).commit();
  assert.strictEqual(no.succeeded, false);
  assert.strictEqual(no.responses[0].response_range.kvs[0].value.toString(), '2');
  await assert.rejects(
      space.if('b', 'Version', '>', 0)
          .then(space.put('b').value('1'), space.put('b').value('2')).commit(),
      /duplicate key given in txn request/);
}

async function softwareTransactions(clients) {
  await clients[0].put('stm/count').value(0);
  const increment = (client) => client.stm({retries: 100})
      .transact(async (txn) => {
        const count = await txn.get('stm/count').number();
        await txn.put('stm/count').value(count + 1);
      });
  await Promise.all(Array.from({length: 9}, (_, i) => increment(clients[i % clients.length])));
  assert.strictEqual(await clients[0].get('stm/count').number(), 9);
}

async function watches(client, other) {
  const space = client.namespace('watch/');
  const elsewhere = other.namespace('watch/');
  const watcher = await space.watch().prefix('').withPreviousKV().create();
  const seen = [];
  watcher.on('put', (kv, previous) => {
    seen.push(['put', kv.key.toString(), kv.value.toString(), previous && previous.value.toString()]);
  });
  watcher.on('delete', (kv, previous) => {
    seen.push(['delete', kv.key.toString(), '', previous && previous.value.toString()]);
  });
  const first = await elsewhere.put('a').value('1');
  await elsewhere.put('a').value('2');
  await elsewhere.delete().key('a');
  await eventually(() => seen.length === 3, 'three events');
  assert.deepStrictEqual(seen.map((each) => [each[0], each[1], each[2]]),
      [['put', 'a', '1'], ['put', 'a', '2'], ['delete', 'a', '']]);
  assert.strictEqual(seen[2][3], '2');

  const past = await space.watch().key('a').startRevision(first.header.revision).only('delete')
      .create();
  await once(past, 'delete');
  const many = await Promise.all(Array.from({length: 30}, (_, i) => space.watch().key('m' + i)
      .create()));
  const all = many.map((each) => once(each, 'put'));
  for (let i = 0; i < 30; ++i) await elsewhere.put('m' + i).value(i);
  await Promise.all(all);
  await Promise.all([watcher, past, ...many].map((each) => each.cancel()));
  const count = seen.length;
  await elsewhere.put('a').value('nobody looks');
  assert.strictEqual(await space.get('a').string(), 'nobody looks');
  assert.strictEqual(seen.length, count);
}

async function leases(client, other) {
  const lease = client.lease(60);
  await lease.put('lease/a').value('1');
  const id = await lease.grant();
  assert.strictEqual((await client.get('lease/a').exec()).kvs[0].lease, id);
  assert.strictEqual((await lease.keepaliveOnce()).TTL, '60');
  await lease.revoke();
  assert.strictEqual(await other.get('lease/a'), null);
  await assert.rejects(lease.keepaliveOnce(), EtcdLeaseInvalidError);

  const kept = client.lease(2);
  await kept.put('lease/b').value('kept');
  await once(kept, 'keepaliveSucceeded');
  await sleep(3000);  // longer than its TTL: only renewals keep it
  assert.strictEqual(await other.get('lease/b').string(), 'kept');
  kept.release();
  await eventually(async () => await other.get('lease/b') === null, 'the end of the lease');
}

async function locks(client, other) {
  const held = client.lock('lock').ttl(30);
  await held.acquire();
  await assert.rejects(other.lock('lock').acquire(), EtcdLockFailedError);
  await held.release();
  assert.strictEqual(await other.lock('lock').do(() => 'inside'), 'inside');
}

async function elections(client, other) {
  const first = client.election('chief', 30).campaign('one');
  await within(first.wait(), 'the first leader');
  const observer = await other.election('chief', 30).observe();
  await eventually(() => observer.leader() === 'one', 'the observed leader');
  await first.proclaim('one again');
  await eventually(() => observer.leader() === 'one again', 'the new value');
  const second = other.election('chief', 30).campaign('two');
  await first.resign();
  await within(second.wait(), 'the second leader');
  await eventually(() => observer.leader() === 'two', 'the second leader, observed');
  await observer.cancel();
  await second.resign();
  assert.strictEqual(await client.election('chief', 30).leader(), undefined);
}

async function otherServices(client) {
  const status = await client.maintenance.status();
  assert(/^3\.\d+\.\d+/.test(status.version), status.version);
  const members = await client.cluster.memberList({linearizable: true});
  assert.deepStrictEqual(members.members.map((member) => member.name).sort(), ['m0', 'm1', 'm2']);
  assert.deepStrictEqual((await client.maintenance.alarm({action: 'Get'})).alarms, []);
  assert.notStrictEqual((await client.maintenance.hash()).hash, 0);
  await client.maintenance.defragment();
  const revision = (await client.put('compacted').value('x')).header.revision;
  await client.kv.compact({revision, physical: true});
  await assert.rejects(client.get('compacted').revision(1).exec(),
      /required revision has been compacted/);
}

// A client of all members goes on when one of them dies, and its watches resume without a gap.
async function aMemberDies(client) {
  const watcher = await client.watch().prefix('dies/').create();
  const seen = [];
  watcher.on('put', (kv) => seen.push(kv.value.toString()));
  const values = [];
  for (let i = 0; i < 60; ++i) {
    if (i === 10) await please('kill 0');
    if (i === 30) await please('start 0');
    if (i === 40) await please('kill 1');
    await eventually(async () => {
      try {
        await client.put('dies/key').value(String(i));
        return true;
      } catch (error) {
        return false;
      }
    }, 'a put without one member');
    values.push(String(i));
  }
  await please('start 1');
  await eventually(() => seen.includes('59'), 'the last event');
  // A put that was tried again may be there twice.
  assert.deepStrictEqual(seen.filter((value, i) => value !== seen[i - 1]), values);
  await watcher.cancel();
}

async function main() {
  const clients = hosts.map((host) => new Etcd3({hosts: host, dialTimeout: PATIENCE_MS}));
  const client = new Etcd3({hosts});
  const parts = {keysAndValues, ranges, transactions, softwareTransactions, watches, leases, locks,
    elections, otherServices, aMemberDies};
  for (const [name, part] of Object.entries(parts)) {
    const start = Date.now();
    const takes = {softwareTransactions: [clients], aMemberDies: [client]}[name] ||
        [clients[0], clients[1]];
    await part(...takes);
    console.log(`${name}: ok, ${Date.now() - start} ms`);
  }
  [client, ...clients].forEach((each) => each.close());
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
