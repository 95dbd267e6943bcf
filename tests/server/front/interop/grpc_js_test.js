// grpc-js against the front. usage: node grpc_js_test.js SERVER (NODE_PATH names the modules)
'use strict';
const assert = require('assert');
const {spawn} = require('child_process');
const grpc = require('@grpc/grpc-js');

const same = (bytes) => bytes;
const deadline = () => Date.now() + 30000;

function method(client, name, style) {
  const path = '/test.Echo/' + name;
  return (...rest) => client[style](path, same, same, ...rest);
}

function unary(client, name, request, metadata = new grpc.Metadata()) {
  return new Promise((resolve, reject) => {
    method(client, name, 'makeUnaryRequest')(
        Buffer.from(request), metadata, {deadline: deadline()},
        (error, answer) => error ? reject(error) : resolve(answer));
  });
}

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return [error.code, error.details];
  }
  assert.fail('the call succeeded');
}

function collect(call) {
  return new Promise((resolve, reject) => {
    const messages = [];
    call.on('data', (message) => messages.push(message));
    call.on('error', reject);
    call.on('end', () => resolve(messages));
  });
}

async function exercise(client) {
  assert.strictEqual((await unary(client, 'Unary', 'hello')).toString(), 'hello');
  assert.deepStrictEqual(
      await failure(unary(client, 'Fail', '9 100% é')),
      [grpc.status.FAILED_PRECONDITION, '100% é']);
  assert.strictEqual((await failure(unary(client, 'Nothing', '')))[0], grpc.status.UNIMPLEMENTED);
  assert.strictEqual((await unary(client, 'Large', '104857600')).length, 104857600);

  const bidi = method(client, 'Bidi', 'makeBidiStreamRequest')({deadline: deadline()});
  const echoes = collect(bidi);
  for (let i = 0; i < 1000; ++i) bidi.write(Buffer.from('message ' + i));
  bidi.end();
  assert.deepStrictEqual(
      (await echoes).map(String), Array.from({length: 1000}, (_, i) => 'message ' + i));

  const push = method(client, 'ServerStream', 'makeServerStreamRequest')(
      Buffer.from('2000 5000'), {deadline: deadline()});
  assert.strictEqual((await collect(push)).length, 2000);

  const many = await Promise.all(
      Array.from({length: 3000}, (_, i) => unary(client, 'Later', String(i))));
  assert.deepStrictEqual(many.map(String), Array.from({length: 3000}, (_, i) => String(i)));

  const cancelled = method(client, 'Bidi', 'makeBidiStreamRequest')();
  const outcome = collect(cancelled).catch((error) => error.code);
  cancelled.write(Buffer.from('x'));
  cancelled.once('data', () => cancelled.cancel());
  assert.strictEqual(await outcome, grpc.status.CANCELLED);
}

async function main() {
  const server = spawn(process.argv[2], [], {stdio: ['ignore', 'pipe', 'inherit']});
  const exited = new Promise((resolve) => server.on('exit', resolve));
  const watchdog = setTimeout(() => server.kill('SIGKILL'), 100000);
  try {
    const line = await new Promise((resolve) => server.stdout.once('data', resolve));
    const port = /^port (\d+)/.exec(line.toString())[1];
    const client = new grpc.Client('127.0.0.1:' + port, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
    await exercise(client);
    const stream = method(client, 'Bidi', 'makeBidiStreamRequest')();
    const outcome = collect(stream).catch((error) => [error.code, error.details]);
    stream.write(Buffer.from('x'));
    await new Promise((resolve) => stream.once('data', resolve));
    server.kill('SIGTERM');
    assert.deepStrictEqual(
        await outcome, [grpc.status.UNAVAILABLE, 'etcdserver: server stopped']);
    client.close();
    assert.strictEqual(await exited, 0);
  } finally {
    clearTimeout(watchdog);
    if (server.exitCode === null) server.kill('SIGKILL');
  }
}

main().then(() => console.log('grpc-js: passed'), (error) => {
  console.error(error);
  process.exitCode = 1;
});
