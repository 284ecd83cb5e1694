"""Books of every further format, from a seed: records with each trap that formats.md lists, spread over files as generate.py
does it for Kong: wrapped, torn, overlapping, copied under other names and compressions, in archives, in archives in archives.

One source a format; `form` is the format's name. Costs and fractions keep their digits: they are put in as @N:digits@ and
become bare numbers when a record is dumped.
"""
import bz2
import csv
import datetime as dt
import gzip
import io
import json
import re
import shutil
import subprocess
import tarfile
import zipfile

import formats_model
import generate
import model
from generate import price

SOURCES = {  # source: format
    "flat": "kong_flat", "rows": "coffee_enrichment", "coffee": "coffee_llm", "analytics": "finetune_analytics",
    "inference": "inference_events", "tools": "tool_calls", "payload": "litellm_payload", "spend": "litellm_spendlogs",
    "bedrock": "bedrock_invocation", "spans": "otlp_genai", "envoy": "envoy_ai", "langfuse": "langfuse_observations",
    "helicone": "helicone"}
CONSUMERS = ["u-1", "u-2", "team-growth", "dev-zoë", "日本", "=cmd|' /C calc'!A0", "-minus", "unmapped", "x" * 90, 'quo"te', "a, b"]
MODELS = [("openai", "gpt-4o-2024-08-06"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-20250514"),
          ("deepseek", "deepseek-chat"), ("x", "nobody-prices-this"), ("mistral", "ft:open-mistral-7b:abc"), ("x", "request-priced")]
CSV_COLUMNS = {
    "inference_events": "event_id,created_at,user_id,feature,trigger_type,state,result_id,trace_id,model_version,endpoint,"
                        "input_tokens,output_tokens,cost_usd,latency_ms",
    "tool_calls": "created_at,tool_name,success,retries,latency_ms",
    "helicone": "request_id,response_created_at,response_status,request_created_at,request_body,request_properties,request_user_id,"
                "model,provider,prompt_tokens,completion_tokens,prompt_cache_read_tokens,prompt_cache_write_tokens,delay_ms,cost"}
FAKE = '","usage":{"prompt_tokens":999999,"completion_tokens":999999},"input_tokens":88888888,"cost_usd":77777'


def num(digits):
    return "@N:%s@" % digits


def price_rows(noon):
    return [
        price("", "gpt-4o*", "input", "2.5", effective_to=noon), price("", "gpt-4o*", "input", "3.000000001", effective_from=noon),
        price("", "gpt-4o*", "output", "10"), price("openai", "gpt-4o*", "cache_read", "1.25"),
        price("", "gpt-4o-mini", "input", "0.15"), price("", "gpt-4o-mini", "output", "0.6"), price("", "gpt-4o-mini", "reasoning", "0.7"),
        price("", "claude-sonnet*", "input", "3"), price("", "claude-sonnet*", "output", "15"),
        price("", "claude-sonnet*", "cache_read", "0.3"), price("", "claude-sonnet*", "cache_write_5m", "3.75"),
        price("", "claude-sonnet*", "input", "6", context_over=20000),
        price("deepseek", "deepseek-*", "input", "0.00027", per=1000), price("deepseek", "deepseek-*", "output", "0.0011", per=1000),
        price("", "finetuned", "request", "0.002", per=1), price("", "amazon.nova*", "input", "0.035"), price("", "amazon.nova*", "output", "0.14"),
        price("", "arn:aws:bedrock:*", "input", "1"), price("", "arn:aws:bedrock:*", "output", "2"),
        price("deepseek", "*", "input", "0.27"),  # any model, none too: the totals of llm.log
        price("", "request-priced", "input", "1"), price("", "request-priced", "output", "1"), price("", "request-priced", "request", "5", per=1000),
    ]


def account_rows():
    def account(consumer, team, center="", source=""):
        row = dict.fromkeys(generate.ACCOUNT_COLUMNS, "")
        row.update(consumer=consumer, team=team, cost_center=center, source=source)
        return row
    return [account("u-*", "growth", "0042"), account("u-*", "spans", "1", "spans"), account("team-growth", "growth", "0042"),
            account("dev-*", "dév"), account("(anonymous)", "guests", "19"), account("arn:aws:*", "cloud", "7"), account("=cmd*", "growth")]


class World(generate.World):
    def __init__(self, seed, events=60, sources=None):
        self.sources = sources or SOURCES
        super().__init__(seed, events)

    def compose(self, events):
        r = self.rng
        self.prices, self.accounts = price_rows(self.rfc3339(self.noon, 0)), account_rows()
        self.bill = {name: name != "tools" for name in self.sources}
        dates = sorted({(model.EPOCH + dt.timedelta(microseconds=us)).date() for us in range(self.begin, self.end, 3600 * 1000000)})
        for source, form in self.sources.items():
            for date in dates:
                raws = []
                for _ in range(max(12, events // len(dates))):
                    self.one(source, form, self.within(date), raws)
                r.shuffle(raws)
                self.spread(source, form, r.choice(self.nodes), date, raws)

    def within(self, date):
        low = max(self.begin, model.instant_us(dt.datetime.combine(date, dt.time(), model.UTC)))
        high = min(self.end, model.instant_us(dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), model.UTC)))
        return self.rng.choice([low, high - 1, self.rng.randrange(low, high), self.rng.randrange(low, high)])

    # --- one record and what goes wrong around it ---------------------------------------------------------------------------

    def one(self, source, form, us, raws):
        r = self.rng
        self.serial += 1
        record = getattr(self, form)(us)
        if form in CSV_COLUMNS:
            raws.append(record)  # becomes JSON or a CSV row with the file that it comes to lie in
            if r.random() < 0.05:
                raws.append(record)
            return
        raw = self.dump(record)
        raws.append(raw)
        kind = r.random()
        if kind < 0.05:
            raws.extend([raw] * r.choice([1, 2]))
        elif kind < 0.10:
            raws.extend(self.torn(raw))
        elif kind < 0.15:
            raws.append(self.noise())
        elif kind < 0.20:
            raws.append(self.dump(self.bad(form, record)))
        elif kind < 0.25:
            self.again(form, record, raw, raws)

    def dump(self, record):
        r = self.rng
        keys = list(record)
        if r.random() < 0.3:
            r.shuffle(keys)
        data = json.dumps({k: record[k] for k in keys}, ensure_ascii=r.random() < 0.5, separators=r.choice([(",", ":"), (", ", ": ")]))
        if r.random() < 0.3:
            data = data.replace("/", "\\/")
        return re.sub(r'"@N:([^@"]*)@"', r"\1", data).encode()

    def torn(self, raw):
        """One line that a torn write leaves behind, or two run into one."""
        cut = self.rng.randrange(20, len(raw) - 20)
        return [raw[:cut]] if self.rng.random() < 0.5 else [raw[:cut] + raw]

    def again(self, form, record, raw, raws):
        """The same id once more: in other bytes, or as another call."""
        words = {"coffee_enrichment": ("llm_result", "usage", "completion_tokens"), "litellm_payload": ("completion_tokens",),
                 "litellm_spendlogs": ("completion_tokens",), "bedrock_invocation": ("output", "outputTokenCount"),
                 "envoy_ai": ("gen_ai.usage.output_tokens",), "langfuse_observations": ("usage_details", "output")}.get(form)
        if words is None:
            return
        other = json.loads(json.dumps(record))
        place = other
        for word in words[:-1]:
            place = place.get(word) if isinstance(place, dict) else None
        if isinstance(place, dict) and isinstance(place.get(words[-1]), int) and place[words[-1]] > 0:
            place[words[-1]] += self.rng.choice([0, 1, 500])
            raws.append(self.dump(other))

    def bad(self, form, record):
        """The record with one thing wrong that rejects it."""
        other = json.loads(json.dumps(record))
        when = {"kong_flat": "timestamp", "coffee_enrichment": "created_at", "coffee_llm": "timestamp", "finetune_analytics": "timestamp",
                "litellm_payload": "startTime", "litellm_spendlogs": "startTime", "bedrock_invocation": "timestamp",
                "envoy_ai": "start_time", "langfuse_observations": "start_time"}.get(form)
        if when is None:
            return record
        kind = self.rng.random()
        negative = {"kong_flat": "input_tokens", "litellm_payload": "prompt_tokens", "litellm_spendlogs": "completion_tokens",
                    "envoy_ai": "gen_ai.usage.output_tokens", "coffee_llm": "tokens"}.get(form)
        if kind < 0.3 and other.get(negative):
            other[negative] = -1
        elif kind < 0.6 and form == "litellm_payload" and at_prompt(other):
            other["prompt_tokens"] = at_prompt(other) - 1
        elif kind < 0.8:
            other[when] = self.rng.choice([None, "yesterday", "2026-02-30T10:00:00Z", ""])
        elif form in ("kong_flat", "coffee_enrichment", "coffee_llm", "finetune_analytics", "bedrock_invocation", "envoy_ai"):
            other[when] = "2026-03-29T10:00:00"  # no zone, and none is declared
        else:
            del other[when]
        if formats_model_says(other, form) == "rejected":
            return other
        return record

    def naive(self, us, mark=" "):
        return (model.EPOCH + dt.timedelta(microseconds=us)).strftime("%Y-%m-%d" + mark + "%H:%M:%S.%f")

    def postgres(self, us):
        """A timestamptz as psql prints it."""
        zone = dt.timezone(dt.timedelta(minutes=self.rng.choice([0, 0, 0, 330, -180, 60])))
        local = (model.EPOCH + dt.timedelta(microseconds=us)).astimezone(zone)
        stamp = local.strftime("%Y-%m-%d %H:%M:%S")
        if local.microsecond:
            stamp += (".%06d" % local.microsecond).rstrip("0")
        minutes = int(local.utcoffset().total_seconds()) // 60
        stamp += "%s%02d" % ("-" if minutes < 0 else "+", abs(minutes) // 60)
        return stamp + (":%02d" % (abs(minutes) % 60) if minutes % 60 else "")

    def cost(self):
        return num(self.rng.choice(["0", "0.000047", "1.5e-05", "0.00022500000000000002", "0.0131", "2E-7", "12.000000000001", "0.10"]))

    def who(self):
        return self.rng.choice(CONSUMERS)

    # --- the formats: one record each -----------------------------------------------------------------------------------------

    def kong_flat(self, us):
        r = self.rng
        if r.random() < 0.05:
            return {"event": "guardrail_violation", "category": "pci_dss", "severity": "critical", "pattern": "%d " + self.secret(),
                    "consumer": self.who(), "route": "developer-chat", "timestamp": self.rfc3339(us)}
        record = {"timestamp": self.rfc3339(us), "consumer": r.choice([self.who(), None]), "request_size": self.maybe_text(r.randint(9, 9999)),
                  "request_uri": r.choice(["/v1/chat/guest", "/v1/chat/analyst?api_key=" + self.secret(), "/é?"]),
                  "status": r.choices([200, 429, 401, 502], [12, 2, 1, 1])[0]}
        if r.random() < 0.3:
            record["status"] = str(record["status"])
        if int(record["status"]) < 400:
            name = r.choice(MODELS)[1]
            record.update(model=name, input_tokens=self.maybe_text(r.randint(0, 30000)), output_tokens=self.maybe_text(r.randint(1, 900)))
            if r.random() < 0.6:
                record["cost_usd"] = self.digits_maybe_text()
        elif r.random() < 0.3:
            record.update(model=None, input_tokens=None, output_tokens=None, cost_usd=None)
        if r.random() < 0.2:
            record.update(authorization="Bearer " + self.secret(), headers={"cookie": self.secret(), "x-api-key": self.secret()})
        return record

    def maybe_text(self, n):
        return str(n) if self.rng.random() < 0.5 else n

    def digits_maybe_text(self):
        cost = self.cost()
        return cost[3:-1] if self.rng.random() < 0.5 else cost

    def coffee_enrichment(self, us):
        r = self.rng
        prompt, hit, out = r.randint(1, 9000), None, r.randint(0, 900)
        usage = {"prompt_tokens": prompt, "completion_tokens": out, "total_tokens": prompt + out}
        if r.random() < 0.5:
            hit = r.choice([0, prompt, r.randint(0, prompt)])
            usage.update(prompt_cache_hit_tokens=hit, prompt_cache_miss_tokens=prompt - hit)
            if r.random() < 0.5:
                usage["prompt_tokens_details"] = {"cached_tokens": hit}
        inner = self.naive(us + 19800 * 1000000, "T")  # local time without a zone: not the event's
        result = {"field": "x", "value": r.choice(["medium", self.secret(), FAKE]), "confidence": num("0.8"), "provider": "deepseek",
                  "model": r.choice(["deepseek-chat", "deepseek-reasoner", "nobody-prices-this"]), "usage": usage, "created_at": inner}
        return {"enrichment_id": "enr_%06d" % self.serial, "artifact_id": "prod-1", "roaster_id": r.choice([self.who(), None]),
                "field": r.choice(["roast", "notes"]), "llm_result": result, "confidence_evaluation": {"final_confidence": num("0.8"), "status": "applied"},
                "processing_status": "applied", "created_at": self.rfc3339(us), "updated_at": self.rfc3339(us + 5000000)}

    def coffee_llm(self, us):
        r = self.rng
        record = {"level": "info", "timestamp": self.rfc3339(us), "field": r.choice(["roast", "notes"])}
        kind = r.choices(["deepseek_call_success", "cache_hit", "deepseek_call_failed", "wrapper", "limiter", "cache_stored", "batch_enrich_failed"],
                         [8, 3, 2, 2, 2, 2, 1])[0]
        record["event"] = "rate_limit_exceeded" if kind in ("wrapper", "limiter") else kind
        if kind == "deepseek_call_success":
            record.update(duration=num("%d.%03d" % (r.randint(0, 40), r.randint(0, 999))), tokens=r.randint(1, 5000), attempt=r.choice([1, 1, 2, 3]))
            if r.random() < 0.3:
                record["roaster_id"] = self.who()
        elif kind in ("cache_hit", "cache_stored"):
            record["cache_key"] = "llm:" + self.secret()
            if kind == "cache_stored":
                del record["field"]
                record.update(key=record.pop("cache_key"), ttl=3600)
        elif kind == "deepseek_call_failed":
            record.update(attempt=r.choice([1, 2]), max_attempts=3, error="Error code: 402 - {'error': '%s'}" % self.secret())
        elif kind == "batch_enrich_failed":
            record.update(error="Rate limit exceeded for " + self.secret())
        else:
            record["roaster_id"] = self.who()
            if kind == "limiter":
                del record["field"]
                record.update(window="minute", count=60, limit=60)
        return record

    def finetune_analytics(self, us):
        r = self.rng
        stamp = (model.EPOCH + dt.timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S")
        digits = r.choice([0, 1, 2, 6])
        if digits:
            stamp += ".%0*d" % (digits, us % 1000000 // 10 ** (6 - digits))
        record = {"timestamp": stamp + "+00:00", "user_id": r.choice([self.who(), None])}
        if r.random() < 0.1:
            record.update(execution_type="gap_planner", query="Compare " + self.secret(), task_count=4, total_time_ms=num("51.4"), success=True,
                          metadata={})
            return record
        meta = r.choice([{}, {"model": r.choice(MODELS)[1], "tokens": 5120}, {"error": self.secret()}, {"tokens": 99}])
        good = r.random() < 0.8
        record.update(agent_name=r.choice(["qa_agent", "legal_agent"]), variant=r.choice(["baseline", "finetuned"]), success=good,
                      latency_ms=num(r.choice(["842", "30000.0", "0.0"])), cost_usd=self.cost(), metadata=meta)
        return record

    def inference_events(self, us):
        r = self.rng
        name = r.choice(MODELS + [(None, None)])[1]
        return {"event_id": r.choice(["e%d", "évé/%d"]) % self.serial, "created_at": self.postgres(us), "user_id": r.choice([self.who(), None]),
                "feature": r.choice(["rewrite", "sum, marize", None]), "trigger_type": r.choice(["user", "retry", "undo", "auto_save", "system"]),
                "state": r.choice(["committed", "discarded", None]), "result_id": None, "trace_id": self.secret(), "model_version": name,
                "endpoint": "/v1/x?key=" + self.secret(), "input_tokens": r.randint(0, 30000), "output_tokens": r.randint(1, 900),
                "cost_usd": r.choice([None, self.cost()]), "latency_ms": r.randint(0, 9000)}

    def tool_calls(self, us):
        r = self.rng
        return {"created_at": self.postgres(us), "tool_name": r.choice(["search", "fetch\ndoc", 'sq"l', "a,b"]), "success": r.random() < 0.7,
                "retries": r.randint(0, 5), "latency_ms": r.randint(0, 30000)}

    def usage(self):
        """prompt, cached, written, completion, reasoning: the parts are inside."""
        r = self.rng
        prompt = r.choice([r.randint(3, 900), r.randint(3, 90000)])
        cached = r.choice([0, r.randint(0, prompt - 1)])
        written = r.choice([0, 0, r.randint(0, prompt - 1 - cached)])
        out = r.randint(1, 2000)
        return prompt, cached, written, out, r.choice([0, r.randint(0, out)])

    def litellm_payload(self, us):
        r = self.rng
        provider, name = r.choice(MODELS)
        meta = {"user_api_key_hash": "88dc28", "user_api_key_alias": "alias", "user_api_key_team_id": "team-growth", "user_api_key_org_id": None,
                "user_api_key_user_id": self.who(), "user_api_key_team_alias": "Growth", "requester_ip_address": "10.0.0.9",
                "requester_metadata": {"headers": {"authorization": self.secret()}}}
        kind = r.random()
        if kind < 0.1:
            meta["user_api_key_user_id"] = None
        elif kind < 0.2:
            meta = {k: None for k in meta}
            meta["user_api_key_hash"] = r.choice([None, "88dc28d0f030c55e", "sk-" + self.secret()])
        start = num("%d.%06d" % divmod(us, 1000000)) if r.random() < 0.6 else self.naive(us)
        record = {"id": "chatcmpl-%d" % self.serial, "trace_id": r.choice([None, "tr-9"]), "call_type": "acompletion", "cache_hit": None, "stream": True,
                  "status": "success", "custom_llm_provider": provider, "startTime": start, "endTime": start, "metadata": meta,
                  "response_time": num(r.choice(["0.842", "1.5", "12", "0.0"])), "model": name, "model_group": r.choice(["", "sonnet"]),
                  "messages": [{"role": "user", "content": self.secret() + FAKE}], "end_user": r.choice(["", "cust-77"]), "request_tags": ["app:checkout"],
                  "model_parameters": {"api_key": self.secret()}, "error_information": {"error_code": "", "error_class": ""}, "error_str": None,
                  "hidden_params": {"response_cost": num("99.5"), "additional_headers": {"authorization": self.secret()}},
                  "model_map_information": {"model_map_value": {"input_cost_per_token": num("2.5e-06"), "litellm_provider": "openai"}}}
        if r.random() < 0.15:
            code = r.choice(["429", "500", "401"])
            record.update(status="failure", response_cost=0, prompt_tokens=0, completion_tokens=0, total_tokens=0, response={},
                          error_information={"error_code": code, "error_message": self.secret(), "traceback": self.secret()}, error_str=self.secret())
            return record
        prompt, cached, written, out, reasoning = self.usage()
        usage = {"prompt_tokens": prompt, "completion_tokens": out, "total_tokens": prompt + out}
        if r.random() < 0.6:
            usage["prompt_tokens_details"] = {"cached_tokens": cached, "cache_creation_tokens": written}
            usage.update(cache_creation_input_tokens=written, cache_read_input_tokens=cached)
        elif r.random() < 0.5:
            usage["prompt_tokens_details"] = {"cached_tokens": cached}
        else:
            usage["prompt_tokens_details"] = None
        if r.random() < 0.4:
            usage["completion_tokens_details"] = {"reasoning_tokens": reasoning, "text_tokens": out - reasoning}
        record.update(response_cost=r.choice([self.cost(), None]), prompt_tokens=prompt, completion_tokens=out, total_tokens=prompt + out,
                      response={"id": "other-id", "model": "other-model", "choices": [{"message": {"content": self.secret() + FAKE}}], "usage": usage})
        return record

    def litellm_spendlogs(self, us):
        r = self.rng
        provider, name = r.choice(MODELS)
        prompt, cached, written, out, _reasoning = self.usage()
        more = {"completion_tokens_details": None, "prompt_tokens_details": None}
        if r.random() < 0.6:
            more.update(cache_read_input_tokens=cached, cache_creation_input_tokens=written)
        meta = {"usage_object": {"completion_tokens": 20, "prompt_tokens": 10, "total_tokens": 30, "prompt_tokens_details": None},
                "additional_usage_values": more, "user_api_key_alias": "growth-prod", "user_agent": "curl/8.7.1", "status": None,
                "error_information": None, "attempted_retries": r.choice([None, 2]), "requester_custom_headers": {"cookie": self.secret()}}
        stamp = self.naive if r.random() < 0.7 else lambda t: self.naive(t, "T") + "+00:00"
        record = {"request_id": "chatcmpl-s%d" % self.serial, "call_type": "acompletion", "api_key": "88dc28", "cache_hit": r.choice(["None", "False"]),
                  "startTime": stamp(us), "endTime": stamp(us + r.randint(0, 9000) * 1000), "model": name, "user": self.who(),
                  "team_id": "team-growth", "cache_key": "Cache OFF", "spend": self.cost(), "total_tokens": prompt + out, "prompt_tokens": prompt,
                  "completion_tokens": out, "request_tags": '["app:checkout"]', "end_user": "", "model_group": "", "custom_llm_provider": provider,
                  "messages": json.dumps([{"content": self.secret() + FAKE}]), "response": json.dumps({"x": self.secret()}),
                  "proxy_server_request": json.dumps({"headers": {"authorization": self.secret()}}), "status": "success"}
        kind = r.random()
        if kind < 0.05:
            record["user"] = ""
        elif kind < 0.15:  # a key in clear where its hash should be
            record.update(user="", team_id="", api_key=r.choice(["88dc28d0f030c55e", "sk-" + self.secret()]), end_user=r.choice(["", "cust-9"]))
        if r.random() < 0.2:
            record["spend"] = record["spend"][3:-1]
        if r.random() < 0.15:
            record.update(status="failure", spend=num("0.0"), total_tokens=0, prompt_tokens=0, completion_tokens=0)
            more.clear()
            meta.update(status="failure", error_information={"error_code": r.choice(["429", "500"]), "error_class": "RateLimitError"})
        record["metadata"] = json.dumps(meta)
        return record

    def bedrock_invocation(self, us):
        r = self.rng
        us -= us % 1000000
        prompt, cached, written, out, _ = self.usage()
        name = r.choice(["apac.amazon.nova-micro-v1:0", "amazon.nova-pro-v1:0", "claude-sonnet-4",
                         "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/xyz", "model"])
        record = {"timestamp": self.naive(us, "T")[:19] + "Z", "accountId": "111111111111", "region": "us-east-1", "requestId": "b-%d" % self.serial,
                  "operation": r.choice(["Converse", "InvokeModel"]), "modelId": name, "schemaType": "ModelInvocationLog", "schemaVersion": "1.0",
                  "identity": {"arn": "arn:aws:sts::111111111111:assumed-role/kong-irsa/" + r.choice(["i-0abc", "é"])}}
        if r.random() < 0.15:
            record["errorCode"] = r.choice(["ResourceNotFoundException", "ThrottlingException"])
            return record
        record["input"] = {"inputContentType": "application/json", "inputTokenCount": prompt}
        record["output"] = {"outputContentType": "application/json", "outputTokenCount": out}
        if r.random() < 0.5:
            record["input"].update(cacheReadInputTokenCount=cached, cacheWriteInputTokenCount=written)
        if r.random() < 0.5:
            record["input"]["inputBodyJson"] = {"messages": [{"role": "user", "content": self.secret() + FAKE}], "inputTokenCount": 999}
            record["output"]["outputBodyJson"] = [{"usage": {"input_tokens": 77777}}, {"text": self.secret()}]
        else:
            record["input"]["inputBodyS3Path"] = "s3://bucket/%s.json.gz" % self.secret()
        if r.random() < 0.2:
            record["output"].pop("outputTokenCount")
        return record

    def otlp_genai(self, us):
        """One line: spans of several scopes and resources, and of tools and agents, which repeat their children's usage."""
        r = self.rng
        if r.random() < 0.15:
            about = [self.attribute("service.name", "agent-api")]
            return self.otlp([(about, [self.span(us, r.choice(["execute_tool", "invoke_agent"]))])])
        groups = []
        for _ in range(r.choice([1, 1, 2])):
            about = [self.attribute("service.name", self.who()), self.attribute("process.command_args", self.secret())]
            spans = [self.span(us, "chat") for _ in range(r.choice([1, 1, 1, 2, 3]))]
            if r.random() < 0.2:
                spans.insert(r.randrange(len(spans) + 1), self.span(us, r.choice(["execute_tool", "invoke_agent"])))
            groups.append((about, spans))
        return self.otlp(groups)

    def otlp(self, groups):
        return {"resourceSpans": [{"resource": {"attributes": about}, "scopeSpans": [{"scope": {"name": "opentelemetry"}, "spans": [span]} for span in spans]
                                   if self.rng.random() < 0.5 else [{"scope": {}, "spans": spans}]} for about, spans in groups]}

    def attribute(self, key, value):
        if isinstance(value, int):
            return {"key": key, "value": {"intValue": str(value) if self.rng.random() < 0.8 else value}}
        return {"key": key, "value": {"stringValue": value}}

    def span(self, us, what):
        r = self.rng
        self.serial += 1
        provider, name = r.choice(MODELS)
        prompt, cached, written, out, reasoning = self.usage()
        start, took = us * 1000 + r.randint(0, 999), r.randint(0, 9000) * 1000000
        a, old = {"gen_ai.operation.name": what, "gen_ai.request.model": name}, r.random() < 0.25
        a["gen_ai.system" if old else "gen_ai.provider.name"] = provider
        span = {"traceId": "%032x" % r.getrandbits(128), "spanId": "%016x" % self.serial, "parentSpanId": "", "name": "chat", "kind": 3,
                "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + took), "status": r.choice([{}, {"code": 1}])}
        if what == "chat" and r.random() < 0.15:
            a["error.type"], span["status"] = r.choice(["429", "timeout"]), {"code": 2, "message": self.secret()}
        elif old:
            a.update({"gen_ai.usage.prompt_tokens": prompt, "gen_ai.usage.completion_tokens": out, "gen_ai.prompt.0.content": self.secret() + FAKE})
        else:
            a.update({"gen_ai.usage.input_tokens": prompt, "gen_ai.usage.output_tokens": out})
            if r.random() < 0.5:
                a["gen_ai.response.model"] = name + r.choice(["", "-0613"])
            if r.random() < 0.5:
                a.update({"gen_ai.usage.cache_read.input_tokens": cached, "gen_ai.usage.cache_creation.input_tokens": written})
            if r.random() < 0.3:
                a["gen_ai.usage.reasoning.output_tokens"] = reasoning
            a["gen_ai.input.messages"] = self.secret() + FAKE
        if old and what == "chat":
            del a["gen_ai.operation.name"]
        items = list(a.items())
        r.shuffle(items)
        span["attributes"] = [self.attribute(k, v) for k, v in items]
        span["attributes"].append({"key": "gen_ai.response.finish_reasons", "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}}})
        return span

    def envoy_ai(self, us):
        r = self.rng
        us -= us % 1000
        provider, name = r.choice(MODELS)
        prompt, cached, _, out, _ = self.usage()
        record = {":authority": "api.example.net", "bytes_received": 105, "bytes_sent": 432, "duration": r.randint(0, 9000), "method": "POST",
                  "gen_ai.provider.name": provider, "gen_ai.request.model": name, "gen_ai.request.model_override": None, "response_flags": "-",
                  "gen_ai.usage.input_tokens": prompt, "gen_ai.usage.output_tokens": out, "gen_ai.usage.total_tokens": prompt + out,
                  "response_code": 200, "start_time": self.naive(us, "T")[:23] + "Z", "user-agent": "curl/8.7.1", "x-forwarded-for": "192.168.1.38",
                  "x-envoy-origin-path": "/v1/chat/completions?key=" + self.secret(), "x-request-id": "envoy-%d" % self.serial,
                  "authorization": "Bearer " + self.secret(), "cookie": self.secret(), "route_name": "httproute/x"}
        kind = r.random()
        if kind < 0.15:
            record.update({"response_code": r.choice([429, 503]), "gen_ai.usage.input_tokens": None, "gen_ai.usage.output_tokens": None,
                           "gen_ai.usage.total_tokens": None})
        elif kind < 0.22:
            record.update({k: None for k in record if k.startswith("gen_ai.")})
            record.update({"mcp.method.name": "tools/call", "mcp.session.id": self.secret()})
        elif kind < 0.6:
            record["gen_ai.usage.cached_input_tokens"] = cached
        if r.random() < 0.2 and "gen_ai.usage.input_tokens" in record and record["gen_ai.usage.input_tokens"]:
            record["gen_ai.response.model"] = name
        return record

    def langfuse_observations(self, us):
        r = self.rng
        prompt, cached, written, out, reasoning = self.usage()
        kind = r.choices(["GENERATION", "EMBEDDING", "SPAN", "EVENT", "AGENT", "TOOL"], [12, 2, 1, 1, 1, 1])[0]
        usage = {"input": prompt - cached - written, "output": out - reasoning, "total": prompt + out}
        if cached or r.random() < 0.3:
            usage["input_cached_tokens"] = cached
        if written:
            usage["input_cache_creation"] = written
        if reasoning:
            usage["output_reasoning_tokens"] = reasoning
        record = {"id": "obs-%d" % self.serial, "trace_id": "tr-0", "type": kind, "start_time": self.naive(us), "end_time": self.naive(us), "name": "chat",
                  "metadata": {"authorization": self.secret()}, "level": "DEFAULT", "status_message": "", "input": self.secret() + FAKE,
                  "output": self.secret(), "provided_model_name": r.choice(MODELS)[1], "usage_details": usage, "total_cost": self.cost(),
                  "cost_details": {"total": num("99.5")}, "latency": r.choice([num("1.2"), num("0.005"), 3, None]),
                  "user_id": r.choice([self.who(), self.who(), "", None]), "session_id": "s-1", "tags": ["team:growth"], "environment": "production"}
        if record["latency"] is None:
            record["end_time"] = None
        if kind == "EMBEDDING":
            record["usage_details"] = {"input": prompt, "total": prompt}
        elif kind == "GENERATION" and r.random() < 0.1:
            record.update(level="ERROR", status_message="Error " + self.secret(), usage_details={}, total_cost=r.choice([0, None]))
        elif r.random() < 0.2:
            record["total_cost"] = None
        return record

    def helicone(self, us):
        r = self.rng
        us -= us % 1000
        prompt, cached, written, out, _ = self.usage()
        provider, name = r.choice([("OPENAI", "gpt-4o"), ("ANTHROPIC", "claude-sonnet-4"), ("OPENAI", "gpt-4o-mini"), ("OPENAI", "nobody")])
        if provider == "OPENAI":
            written = 0
        total = prompt + out
        if provider == "ANTHROPIC":
            prompt -= cached + written
        stamp = self.naive(us, "T")[:23] + "Z"
        record = {"response_id": "rs%d" % self.serial, "response_created_at": stamp, "response_status": 200, "response_model": name,
                  "request_id": "rq%d" % self.serial, "request_created_at": stamp, "request_path": "https://oai.example.net/v1?key=" + self.secret(),
                  "request_user_id": r.choice([self.who(), None]), "request_properties": {"app": "checkout"}, "request_model": name,
                  "provider": provider, "delay_ms": r.randint(0, 9000), "total_tokens": total, "prompt_tokens": prompt, "model": name,
                  "prompt_cache_write_tokens": written, "prompt_cache_read_tokens": cached, "completion_tokens": out, "cost": self.cost(),
                  "request_body": '{"messages":[{"content":"a, ""b""\nc %s%s"}]}' % (self.secret(), FAKE), "cache_enabled": False, "cache_reference_id": None}
        if r.random() < 0.12:
            record.update(response_status=r.choice([429, 500]), **dict.fromkeys(
                ("total_tokens", "prompt_tokens", "prompt_cache_write_tokens", "prompt_cache_read_tokens", "completion_tokens", "cost")))
        return record

    # --- files ------------------------------------------------------------------------------------------------------------------

    def spread(self, source, form, node, date, raws):
        r = self.rng
        stem = "logs/%s/%s/%s" % (source, date.strftime(r.choice(["%Y%m%d", "%Y-%m-%d"])), node)
        if form in CSV_COLUMNS:
            half = len(raws) // 2
            raws[half - 3:half - 3] = raws[half:half + 2]  # the same ids in both
            self.spread_lines(source, form, node, date, stem + ".rows.csv", [("csv", self.table(form, raws[:half]))])
            raws = [self.dump(rec) for rec in raws[half:]]
            raws += [r.choice([b"", b"{}x", raws[0][:-9]])] if r.random() < 0.5 else []
            r.shuffle(raws)
        if r.random() < 0.15 and form not in CSV_COLUMNS:  # a server that has much to say before its first record
            raws[0:0] = [b"2025/11/02 23:59:52 [notice] 1#0: using the \"epoll\" event method"] * r.choice([60, 200])
        parts, begin = [], 0
        for cut in sorted(r.randrange(6, max(7, len(raws))) for _ in range(r.choice([0, 1, 1, 2]))) + [len(raws)]:
            parts.append(raws[max(0, begin - r.choice([0, 3, 9])):cut])
            begin = cut
        self.spread_lines(source, form, node, date, stem, [(self.wrapper(form), part) for part in parts if part])
        if r.random() < 0.4:
            self.put_archive(source, form, node, date, stem, raws)

    def wrapper(self, form):
        if form in ("langfuse_observations", "helicone", "litellm_spendlogs", "bedrock_invocation", "inference_events", "tool_calls"):
            return self.rng.choice(["plain", "plain", "array", "batches"])
        return self.rng.choice(["plain", "plain", "cri", "docker", "journald", "kubectl", "kubectl-time", "time", "batches",
                                "array", "cri-batches", "docker-batches", "journald-batches", "kubectl-batches"])

    def table(self, form, records):
        """A CSV file's rows as Row, the header first; quotes where they are needed, and where they are not."""
        r = self.rng
        columns = CSV_COLUMNS[form].split(",")
        if r.random() < 0.3:
            columns = columns[::-1]
        out = [self.csv_row(columns)]
        out[0].header = True
        for record in records:
            shown = {c: self.csv_cell(c, record.get(c)) for c in columns}
            row = self.csv_row([shown[c] for c in columns])
            row.record = shown
            out.append(row)
            if r.random() < 0.04 and b"\n" not in row:
                out.append(self.csv_row([shown[c] for c in columns[:-2]]))
        if r.random() < 0.3:
            out.insert(r.randrange(1, len(out)), formats_model.Row(b""))
        return out

    def csv_cell(self, column, value):
        if value is None:
            return ""
        if isinstance(value, bool):
            return {True: "t", False: "f"}[value]
        if isinstance(value, dict):
            return json.dumps(value)
        value = str(value)
        return value[3:-1] if value.startswith("@N:") else value

    def csv_row(self, cells):
        out = io.StringIO()
        csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL if self.rng.random() < 0.2 else csv.QUOTE_MINIMAL).writerow(cells)
        return formats_model.Row(out.getvalue()[:-1].encode())

    def spread_lines(self, source, form, node, date, stem, parts):
        r = self.rng
        endings = {"plain": "", "gz": ".gz", "gz2": ".gz", "xz": ".xz", "bz2": ".bz2", "zst": ".zst", "lz4": ".lz4"}
        for n, (wrap, part) in enumerate(parts):
            pack = r.choice(list(endings))
            self.put(source, form, node, date, "%s.%d.log%s" % (stem, n, endings[pack]), part, wrap, pack)
            if r.random() < 0.25:
                again = r.choice([p for p in endings if p != pack])
                self.put_again("%s.%d-copy.log%s" % (stem, n, endings[again]), again)

    def put(self, source, form, node, date, path, raws, wrap, pack):
        physical, lines = getattr(self, "wrap_" + wrap.replace("-", "_"))(raws, node)
        if wrap == "plain":
            begin = 0
            for n, raw in enumerate(raws):
                if formats_model_says_raw(raw, form) == "rejected":
                    self.rejects[path, n + 1] = (begin, begin + len(raw))
                begin += len(raw) + 1
        self.last = (source, form, node, lines, physical, date)
        self.files.append(model.File(path, source, form, node, lines, physical, date))
        self.disk.append((path, pack_bytes(physical, pack, self.rng)))

    def put_again(self, path, pack):
        source, form, node, lines, physical, date = self.last
        self.files.append(model.File(path, source, form, node, lines, physical, date))
        self.disk.append((path, pack_bytes(physical, pack, self.rng)))

    def put_archive(self, source, form, node, date, stem, raws):
        """What was in the rotated files, cut elsewhere, as members: plain, compressed, in an archive of its own."""
        r, members, cut = self.rng, [], self.rng.randrange(1, len(raws))
        for n, part in enumerate((raws[:cut], raws[cut:])):
            physical, lines = self.wrap_plain(part, node)
            members.append(("var/log/%s%d.log" % (r.choice(["", "../", "/"]), n), physical))
            self.files.append(model.File("%s!%d" % (stem, n), source, form, node, lines, physical, date))
        kind = r.choice(["tar", "tar.gz", "zip", "zip of gz", "tar of tar.gz", "tar.gz of zip", "7z", "tar.zst"])
        if kind == "zip":
            data = zip_of(members)
        elif kind == "7z" and shutil.which("7z"):
            data = seven_of(members)
        elif kind == "zip of gz":
            data = zip_of([(name + ".gz", gzip.compress(d, 6, mtime=0)) for name, d in members])
        elif kind == "tar of tar.gz":
            data = tar_of([members[0], ("inner.tar.gz", gzip.compress(tar_of(members[1:]), 6, mtime=0))])
        elif kind == "tar.gz of zip":
            data = gzip.compress(tar_of([members[0], ("inner.zip", zip_of(members[1:]))]), 6, mtime=0)
        elif kind == "tar.zst":
            data = generate.zstd(tar_of(members))
        else:
            data = tar_of(members)
            data = gzip.compress(data, 6, mtime=0) if kind == "tar.gz" else data
        self.disk.append((stem + ".all." + kind.split()[0], data))

    # --- wrappers beyond generate.py's --------------------------------------------------------------------------------------------

    def wrap_csv(self, rows, node):
        data = b"".join(row + b"\n" for row in rows)
        return (data[:-1] if rows[-1] and self.rng.random() < 0.3 else data), list(rows)

    def wrap_time(self, raws, node):
        return b"".join(b"2025-11-03T00:00:02.66979420%dZ %s\n" % (n % 10, raw) for n, raw in enumerate(raws)), list(raws)

    def wrap_journald(self, raws, node):
        r, out, lines = self.rng, [], []
        for n, raw in enumerate(raws):
            if r.random() < 0.04:  # longer than journalctl shows without --all: what it said is lost
                out.append(b'{"__CURSOR":"s=1","PRIORITY":"6","MESSAGE":null}\n')
                lines.append(b"{lost")
            lines.append(raw)
            said = raw.decode("utf-8")
            if self.rng.random() < 0.3:
                said = list(raw)
            out.append(json.dumps({"__CURSOR": "s=0;i=%d" % n, "__REALTIME_TIMESTAMP": "1762127990123456", "_HOSTNAME": "h", "PRIORITY": "6",
                                   "_CMDLINE": "x --key " + self.secret(), "MESSAGE": said}, ensure_ascii=self.rng.random() < 0.5).encode() + b"\n")
        return b"".join(out), lines

    def records_only(self, raws, form=None):
        """Lines that are whole JSON objects: the others cannot stand in an array."""
        out = []
        for raw in raws:
            try:
                json.loads(raw)
                out.append(raw)
            except ValueError:
                pass
        return out

    def wrap_array(self, raws, node):
        """The whole file is one array, in one line."""
        raws = self.records_only(raws)
        return b"[" + b",".join(raws) + b"]", raws

    def wrap_array_lines(self, raws, node):
        """The whole file is one array, a record a line."""
        raws = self.records_only(raws)
        return b"[\n" + b",\n".join(b"  " + raw for raw in raws) + b"\n]\n", raws

    def batches(self, raws):
        """Lines that are records, or arrays of some: (lines, records)."""
        raws, lines, at = self.records_only(raws), [], 0
        while at < len(raws):
            n = self.rng.choice([0, 1, 2, 5])
            lines.append(raws[at] if n == 0 else b"[" + self.rng.choice([b",", b", "]).join(raws[at:at + n]) + b"]")
            at += max(1, n)
        return lines, raws

    def wrap_batches(self, raws, node):
        lines, records = self.batches(raws)
        return b"".join(line + b"\n" for line in lines), records

    def wrap_cri_batches(self, raws, node):
        lines, records = self.batches(raws)
        data, logical = self.wrap_cri(lines, node)
        return data, records + [line for line in logical if line not in set(lines)]

    def wrap_docker_batches(self, raws, node):
        lines, records = self.batches(raws)
        return self.wrap_docker(lines, node)[0], records

    def wrap_journald_batches(self, raws, node):
        lines, records = self.batches(raws)
        data, logical = self.wrap_journald(lines, node)
        return data, records + [line for line in logical if line == b"{lost"]

    def wrap_kubectl_batches(self, raws, node):
        lines, records = self.batches(raws)
        data = b"".join(b"[pod/kong-x2x4z/proxy] " + line + b"\n" for line in lines)
        return data, [(record, "kong-x2x4z") for record in records]

    # --- the folder -----------------------------------------------------------------------------------------------------------------

    def config(self, detect=False):
        sources = ",\n".join('    { "name": "%s", %s"paths": ["logs/%s/{date}/{node}.*"] }' % (
            name, "" if detect else '"format": "%s", ' % form, name) for name, form in self.sources.items())
        return """// formats, seed %d
{ "database": "books/tollbook.db", "time_zone": "%s", "prices": "prices.csv", "accounts": "accounts.csv", "output": "packs",
  "sources": [
%s
  ] }
""" % (self.seed, self.zone.name, sources)


def at_prompt(record):
    usage = formats_model.at(record, "response", "usage", "prompt_tokens_details") or {}
    return (usage.get("cached_tokens") or 0) + (usage.get("cache_creation_tokens") or 0)


def formats_model_says(record, form):
    data = re.sub(r'"@N:([^@"]*)@"', r"\1", json.dumps(record)).encode()
    return formats_model_says_raw(data, form)


def formats_model_says_raw(raw, form):
    try:
        formats_model.read_line(raw, form)
        return "event"
    except model.Ignored:
        return "ignored"
    except model.Rejected:
        return "rejected"


# --- packing ------------------------------------------------------------------------------------------------------------------------

def pack_bytes(data, pack, rng):
    if pack == "lz4":
        return subprocess.run(["lz4", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout if shutil.which("lz4") else lz4_stored(data)
    if pack == "bz2":
        cut = rng.randrange(len(data) + 1)
        return bz2.compress(data[:cut], 1) + bz2.compress(data[cut:], 1)  # two streams
    return generate.compress(data, pack, rng)


def lz4_stored(data):
    """A frame of stored blocks: no checksums but the header's, which is xxh32 of its two bytes for these flags."""
    blocks = [data[i:i + 65536] for i in range(0, len(data), 65536)]
    out = [b"\x04\x22\x4d\x18\x60\x40\x82"]
    for block in blocks:
        out += [(len(block) | 1 << 31).to_bytes(4, "little"), block]
    return b"".join(out) + bytes(4)


def zip_of(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def tar_of(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def seven_of(members):
    import os
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for n, (_name, data) in enumerate(members):
            names.append("m%d.log" % n)
            with open(os.path.join(folder, names[-1]), "wb") as f:
                f.write(data)
        subprocess.run(["7z", "a", "-bd", "-mx=1", "all.7z"] + names, cwd=folder, stdout=subprocess.DEVNULL, check=True)
        with open(os.path.join(folder, "all.7z"), "rb") as f:
            return f.read()
