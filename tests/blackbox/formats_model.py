"""What a line of each further format becomes, by CONTRACT.md and formats.md alone; the rest of the model is model.py's.

A record goes in as JSON gives it (or as a CSV row gives it: all texts), events come out. Where neither page says what a field
becomes, it is listed in OPEN and compared by nobody.
"""
import json
import re
from fractions import Fraction

import model
from model import Event, Ignored, Rejected

# source -> columns of usage_event that the two pages leave open
OPEN = {
    "flat": {"success", "quality"}, "rows": {"success"}, "coffee": {"status", "success", "prompt", "quality"},
    "analytics": {"status", "quality"}, "inference": {"status", "success"},
    "payload": {"success", "status", "retries", "client_ip", "user_agent", "feature", "variant", "trigger", "request_bytes"},
    "spend": {"success", "status", "retries", "client_ip", "user_agent", "feature", "variant", "trigger"},
    "bedrock": {"success", "status", "latency_ms", "model_requested", "feature", "variant", "trigger"},
    "spans": {"id", "success", "node", "variant", "feature", "trigger", "status"},
    "envoy": {"success", "client_ip", "feature", "model_requested", "request_bytes", "response_bytes", "user_agent"},
    "langfuse": {"success", "status", "feature", "variant", "trigger", "model_requested"},
    "helicone": {"success", "feature", "trigger", "variant", "model_requested", "client_ip"},
}


class Row(bytes):
    """A CSV record: its bytes, and its cells by column (None: the header, or too few or too many cells)."""
    record = None
    header = False


def number(value, whole=True):
    """A count, perhaps written as text; None when the log has none."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, str, Fraction)):
        raise Rejected("number")
    try:
        exact = Fraction(value)
    except ValueError:
        raise Rejected("number")
    if whole and (exact < 0 or exact.denominator != 1):
        raise Rejected("number")
    return int(exact) if whole else exact


def text(value):
    return value if isinstance(value, str) and value != "" else None


def first(*values):
    return next((v for v in values if v not in (None, "")), None)


def digest(value):
    """A caller's key as a digest; one in clear is never a name."""
    return value if isinstance(value, str) and re.match("[0-9a-f]{8}", value) else None


def at(record, *path):
    for key in path:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def instant(value, zone=None):
    """RFC 3339; a blank for the T; an offset of hours alone; the zone a format declares for times without one."""
    us = None
    try:
        if isinstance(value, str):
            us = model.parse_instant(value)
            us = model.parse_instant(value + zone) if us is None and zone else us
    except ValueError:  # a day that is not in the calendar
        us = None
    if us is None:
        raise Rejected("ts")
    return us


def less(whole, *parts):
    """The remainder of a count that includes others."""
    if whole is None:
        return None
    left = whole - sum(p or 0 for p in parts)
    if left < 0:
        raise Rejected("negative_remainder")
    return left


def finish(event):
    if event.status == 429:  # never costs, whatever zeros its record holds
        for name in model.COUNTS + ("total_only", "logged_cost"):
            setattr(event, name, None)
    counted = any(getattr(event, c) is not None for c in model.CLASSES)
    event.quality = "exact" if counted else "total_only" if event.total_only is not None else "none"
    less(event.output or 0, event.reasoning or 0)
    if event.id is not None:
        event.id = (event.id,)
    if event.failed():
        event.provider, event.model = event.provider or "(none)", event.model or "(none)"
    event.consumer = event.consumer or "(anonymous)"
    return event


def kong_flat(r):
    if "event" in r:
        raise Ignored("not_usage")
    uri = text(r.get("request_uri"))
    return [finish(Event(
        ts=instant(r.get("timestamp")), consumer=r.get("consumer"), feature=uri and uri.split("?")[0], status=number(r.get("status")),
        model=text(r.get("model")), request_bytes=number(r.get("request_size")), input=number(r.get("input_tokens")),
        output=number(r.get("output_tokens")), logged_cost=number(r.get("cost_usd"), whole=False)))]


def coffee_enrichment(r):
    result = r.get("llm_result") or {}
    usage = result.get("usage") or {}
    prompt, hit = number(usage.get("prompt_tokens")), number(usage.get("prompt_cache_hit_tokens"))
    if hit is None:
        hit = number(at(usage, "prompt_tokens_details", "cached_tokens"))
    return [finish(Event(
        id=text(r.get("enrichment_id")), ts=instant(r.get("created_at")), consumer=r.get("roaster_id"), provider=result.get("provider"),
        model=result.get("model"), feature=r.get("field"), input=less(prompt, hit), cache_read=hit, status=200,
        output=number(usage.get("completion_tokens")), reasoning=number(at(usage, "completion_tokens_details", "reasoning_tokens"))))]


def coffee_llm(r):
    kind = r.get("event")
    if kind in ("cache_stored", "batch_enrich_failed") or (kind == "rate_limit_exceeded" and "field" not in r):
        raise Ignored(kind)
    attempt, took = number(r.get("attempt")), r.get("duration")
    event = Event(ts=instant(r.get("timestamp")), consumer=r.get("roaster_id"), provider="deepseek", feature=r.get("field"),
                  retries=None if attempt is None else attempt - 1, trigger="retry" if (attempt or 0) > 1 else None,
                  latency_ms=None if took is None else int(Fraction(took) * 1000))
    if kind == "deepseek_call_success":
        event.status, event.total_only = 200, number(r.get("tokens"))
    elif kind == "cache_hit":
        event.status, event.hit = 200, True
    elif kind == "rate_limit_exceeded":
        event.status = 429
    elif kind == "deepseek_call_failed":
        event.success = False
    else:
        raise Ignored("unknown")
    return [finish(event)]


def finetune_analytics(r):
    if r.get("execution_type") == "gap_planner":
        raise Ignored("not_usage")
    variant = text(r.get("variant"))
    return [finish(Event(
        ts=instant(r.get("timestamp")), consumer=r.get("user_id"), provider="mistral", model=text(at(r, "metadata", "model")) or variant,
        feature=r.get("agent_name"), variant=variant, success=r.get("success"), latency_ms=number(r.get("latency_ms")),
        logged_cost=number(r.get("cost_usd"), whole=False)))]


def inference_events(r):
    return [finish(Event(
        id=text(r.get("event_id")), ts=instant(r.get("created_at")), consumer=text(r.get("user_id")), model=text(r.get("model_version")),
        feature=text(r.get("feature")), trigger=text(r.get("trigger_type")), input=number(r.get("input_tokens")),
        output=number(r.get("output_tokens")), latency_ms=number(r.get("latency_ms")),
        logged_cost=number(r.get("cost_usd"), whole=False)))]


def tool_calls(r):
    said = r.get("success")
    if said not in (True, False, "t", "f", "true", "false"):
        raise Rejected("success")
    return [finish(Event(
        ts=instant(r.get("created_at")), feature=text(r.get("tool_name")), success=said in (True, "t", "true"),
        retries=number(r.get("retries")), latency_ms=number(r.get("latency_ms"))))]


def openai_usage(prompt, completion, read, write, reasoning):
    """Cached tokens are inside the prompt's, reasoning inside the completion's."""
    read, write = number(read), number(write)
    return dict(input=less(number(prompt), read, write), cache_read=read, cache_write_5m=write, output=number(completion),
                reasoning=number(reasoning))


def litellm_payload(r):
    meta, start = r.get("metadata") or {}, r.get("startTime")
    usage = at(r, "response", "usage") or {}
    if isinstance(start, str):
        us = instant(start, "Z")
    elif isinstance(start, (int, Fraction)):
        us = int(Fraction(start) * 1000000)
    else:
        raise Rejected("ts")
    who = first(*(meta.get("user_api_key_" + k) for k in ("user_id", "team_id", "team_alias")), digest(meta.get("user_api_key_hash")),
                r.get("end_user"))
    status = number(at(r, "error_information", "error_code")) if r.get("status") == "failure" else None
    event = Event(
        id=text(r.get("id")), ts=us, consumer=who, provider=text(r.get("custom_llm_provider")), model=text(r.get("model")),
        model_requested=text(r.get("model_group")), latency_ms=int(Fraction(r["response_time"]) * 1000), status=status,
        success=r.get("status") != "failure", logged_cost=number(r.get("response_cost"), whole=False),
        **openai_usage(r.get("prompt_tokens"), r.get("completion_tokens"),
                       first(usage.get("cache_read_input_tokens"), at(usage, "prompt_tokens_details", "cached_tokens")),
                       first(usage.get("cache_creation_input_tokens"), at(usage, "prompt_tokens_details", "cache_creation_tokens")),
                       at(usage, "completion_tokens_details", "reasoning_tokens")))
    return [finish(event)]


def litellm_spendlogs(r):
    meta = r.get("metadata") or {}
    meta = json.loads(meta, parse_float=Fraction) if isinstance(meta, str) else meta
    more, usage = meta.get("additional_usage_values") or {}, meta.get("usage_object") or {}
    start, end = instant(r.get("startTime"), "Z"), instant(r.get("endTime"), "Z")
    failed = "failure" in (r.get("status"), meta.get("status"))
    status = number(at(meta, "error_information", "error_code")) if failed else None
    event = Event(
        id=text(r.get("request_id")), ts=start, consumer=first(r.get("user"), r.get("team_id"), digest(r.get("api_key")), r.get("end_user")),
        provider=text(r.get("custom_llm_provider")), model=text(r.get("model")), model_requested=text(r.get("model_group")),
        status=status, success=not failed, latency_ms=(end - start) // 1000, logged_cost=number(r.get("spend"), whole=False),
        **openai_usage(r.get("prompt_tokens"), r.get("completion_tokens"),
                       first(more.get("cache_read_input_tokens"), at(usage, "prompt_tokens_details", "cached_tokens")),
                       more.get("cache_creation_input_tokens"), at(usage, "completion_tokens_details", "reasoning_tokens")))
    return [finish(event)]


def bedrock_invocation(r):
    if r.get("schemaType") != "ModelInvocationLog":
        raise Rejected("not_format")
    asked, said = r.get("input") or {}, r.get("output") or {}
    return [finish(Event(
        id=text(r.get("requestId")), ts=instant(r.get("timestamp")), consumer=at(r, "identity", "arn"), model=text(r.get("modelId")),
        success=False if r.get("errorCode") else None, input=number(asked.get("inputTokenCount")), provider="bedrock",
        cache_read=number(asked.get("cacheReadInputTokenCount")), cache_write_5m=number(asked.get("cacheWriteInputTokenCount")),
        output=number(said.get("outputTokenCount"))))]


def otlp_value(value):
    for kind in ("stringValue", "intValue", "doubleValue", "boolValue"):
        if kind in value:
            return value[kind]
    return None


def otlp_genai(r):
    out = []
    for block in r["resourceSpans"]:
        about = {a["key"]: otlp_value(a["value"]) for a in at(block, "resource", "attributes") or []}
        for scope in block.get("scopeSpans") or []:
            out += [e for e in (otlp_span(span, about) for span in scope["spans"]) if e is not None]
    if not out:
        raise Ignored("not_usage")
    return out


def otlp_span(span, about):
    a = {x["key"]: otlp_value(x["value"]) for x in span.get("attributes") or []}
    what = a.get("gen_ai.operation.name")
    if what in ("execute_tool", "invoke_agent", "create_agent") or not any(k.startswith("gen_ai.") for k in a):
        return None
    start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    failed = at(span, "status", "code") == 2
    kind = a.get("error.type")
    return finish(Event(
        id=span["traceId"] + span["spanId"], ts=start // 1000, consumer=about.get("service.name"),
        provider=first(a.get("gen_ai.provider.name"), a.get("gen_ai.system")), model_requested=a.get("gen_ai.request.model"),
        model=first(a.get("gen_ai.response.model"), a.get("gen_ai.request.model")), latency_ms=(end - start) // 1000000,
        success=False if failed else None, status=int(kind) if failed and str(kind or "").isdigit() else None,
        **openai_usage(first(a.get("gen_ai.usage.input_tokens"), a.get("gen_ai.usage.prompt_tokens")),
                       first(a.get("gen_ai.usage.output_tokens"), a.get("gen_ai.usage.completion_tokens")),
                       a.get("gen_ai.usage.cache_read.input_tokens"), a.get("gen_ai.usage.cache_creation.input_tokens"),
                       a.get("gen_ai.usage.reasoning.output_tokens"))))


def envoy_ai(r):
    if r.get("gen_ai.request.model") is None and r.get("gen_ai.usage.input_tokens") is None and r["response_code"] < 400:
        raise Ignored("not_ai")
    return [finish(Event(
        id=text(r.get("x-request-id")), ts=instant(r.get("start_time")), provider=r.get("gen_ai.provider.name"),
        model=first(r.get("gen_ai.response.model"), r.get("gen_ai.request.model")), status=number(r.get("response_code")),
        latency_ms=number(r.get("duration")),
        **openai_usage(r.get("gen_ai.usage.input_tokens"), r.get("gen_ai.usage.output_tokens"),
                       r.get("gen_ai.usage.cached_input_tokens"), None, None)))]


def langfuse_observations(r):
    if r.get("type") not in ("GENERATION", "EMBEDDING"):
        raise Ignored("not_usage")
    usage = r.get("usage_details") or {}
    took, reasoning = r.get("latency"), number(usage.get("output_reasoning_tokens"))
    output = number(usage.get("output"))
    if reasoning is not None:
        output = (output or 0) + reasoning
    return [finish(Event(
        id=text(r.get("id")), ts=instant(r.get("start_time"), "Z"), consumer=text(r.get("user_id")), model=text(r.get("provided_model_name")),
        input=number(usage.get("input")), cache_read=number(usage.get("input_cached_tokens")),
        cache_write_5m=number(usage.get("input_cache_creation")), output=output, reasoning=reasoning,
        success=False if r.get("level") == "ERROR" else None, logged_cost=number(r.get("total_cost"), whole=False),
        latency_ms=None if took is None else int(Fraction(took) * 1000)))]


ADDED = {"ANTHROPIC", "AWS", "BEDROCK"}  # the providers whose cache is not inside the prompt's tokens


def helicone(r):
    prompt, read, write = (number(r.get(k)) for k in ("prompt_tokens", "prompt_cache_read_tokens", "prompt_cache_write_tokens"))
    if r.get("provider") not in ADDED:
        prompt = less(prompt, read, write)
    return [finish(Event(
        id=text(r.get("request_id")), ts=instant(r.get("request_created_at")), consumer=text(r.get("request_user_id")),
        provider=text(r.get("provider")), model=first(r.get("response_model"), r.get("model"), r.get("request_model")), input=prompt,
        cache_read=read, cache_write_5m=write, output=number(r.get("completion_tokens")), status=number(r.get("response_status")),
        latency_ms=number(first(r.get("delay_ms"), r.get("latency"))), logged_cost=number(r.get("cost"), whole=False)))]


READERS = {f.__name__: f for f in (
    kong_flat, coffee_enrichment, coffee_llm, finetune_analytics, inference_events, tool_calls, litellm_payload, litellm_spendlogs,
    bedrock_invocation, otlp_genai, envoy_ai, langfuse_observations, helicone)}
PLAIN_TEXT = re.compile(rb"[A-Z][a-z]+ ")  # llm.log alone has lines that are no JSON and no gateway's either


def read_line(raw, form):
    """The events of one logical line of any format, or Ignored or Rejected."""
    if isinstance(raw, Row):
        if raw.header or not raw.strip():
            raise Ignored("header")
        if raw.record is None:
            raise Rejected("columns")
        return READERS[form](raw.record)
    if not raw.strip():
        raise Ignored("blank")
    if model.NGINX_ACCESS.match(raw) or model.NGINX_ERROR.match(raw):
        raise Ignored("nginx")
    if form == "coffee_llm" and PLAIN_TEXT.match(raw):
        raise Ignored("plain_text")
    try:
        record = json.loads(raw.decode("utf-8", "replace"), parse_float=Fraction)
    except ValueError:
        raise Rejected("not_json")
    if not isinstance(record, dict):
        raise Rejected("not_json")
    return READERS[form](record)


class Ledger(model.Ledger):
    read = staticmethod(read_line)
