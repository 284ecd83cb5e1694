// The peer: DuckDB's CREATE TABLE of the same columns from the same files, then the sums that must be equal.
// usage: node duckdb_ingest.mjs DATABASE FILE...      prints one JSON line: {version, rows, sums}
import { createRequire } from 'node:module';
import { argv, env } from 'node:process';
const require = createRequire(env.TB_BENCH_MODULES + '/');
const { DuckDBInstance } = require('@duckdb/node-api');

const [database, ...files] = argv.slice(2);
const columns = {
  started_at: 'BIGINT',
  client_ip: 'VARCHAR',
  upstream_status: 'VARCHAR',
  request: 'STRUCT(id VARCHAR, size BIGINT, headers STRUCT("user-agent" VARCHAR))',
  response: 'STRUCT(status INTEGER, size BIGINT)',
  latencies: 'STRUCT(request BIGINT)',
  tries: 'STRUCT(ip VARCHAR)[]',
  route: 'STRUCT(name VARCHAR)',
  consumer: 'STRUCT(username VARCHAR, custom_id VARCHAR, id VARCHAR)',
  ai: 'STRUCT(proxy STRUCT(meta STRUCT(provider_name VARCHAR, request_model VARCHAR, response_model VARCHAR), usage STRUCT(prompt_tokens BIGINT, ' +
    'completion_tokens BIGINT, total_tokens BIGINT, cost DOUBLE, prompt_tokens_details STRUCT(cached_tokens BIGINT), ' +
    'completion_tokens_details STRUCT(reasoning_tokens BIGINT)), cache STRUCT(cache_status VARCHAR), payload STRUCT(request VARCHAR)))',
};
const spec = '{' + Object.entries(columns).map(([k, v]) => `'${k}': '${v.replaceAll("'", "''")}'`).join(', ') + '}';
const list = '[' + files.map((f) => `'${f}'`).join(', ') + ']';
const create = `CREATE TABLE event AS SELECT started_at, filename AS file, request.id AS id, coalesce(consumer.username, consumer.custom_id, consumer.id) AS consumer,
  ai.proxy.meta.provider_name AS provider, ai.proxy.meta.request_model AS model_requested, ai.proxy.meta.response_model AS model, route.name AS feature,
  ai.proxy.usage.prompt_tokens - coalesce(ai.proxy.usage.prompt_tokens_details.cached_tokens, 0) AS input,
  ai.proxy.usage.prompt_tokens_details.cached_tokens AS cache_read, ai.proxy.usage.completion_tokens AS output,
  ai.proxy.usage.completion_tokens_details.reasoning_tokens AS reasoning, ai.proxy.usage.total_tokens AS total, ai.proxy.usage.cost AS logged_cost,
  ai.proxy.cache.cache_status AS cache_status, response.status AS status, upstream_status, latencies.request AS latency_ms, len(tries) - 1 AS retries,
  request.size AS request_bytes, response.size AS response_bytes, client_ip, request.headers."user-agent" AS user_agent,
  hash(ai.proxy.payload.request) AS prompt_fingerprint, length(ai.proxy.payload.request) AS prompt_chars
  FROM read_json(${list}, format = 'newline_delimited', columns = ${spec}, filename = true)`;
const sums = `SELECT consumer, model, count(*)::VARCHAR, sum(input)::VARCHAR, sum(cache_read)::VARCHAR, sum(output)::VARCHAR FROM event GROUP BY 1, 2 ORDER BY 1, 2`;

const instance = await DuckDBInstance.create(database, { threads: env.TB_BENCH_THREADS || '2' });
const connection = await instance.connect();
await connection.run(create);
await connection.run('CHECKPOINT');
const version = (await connection.runAndReadAll('SELECT version()')).getRows()[0][0];
const rows = (await connection.runAndReadAll(sums)).getRows();
console.log(JSON.stringify({ version, rows: rows.reduce((n, r) => n + Number(r[2]), 0), sums: rows }));
