#include "trusted/sql/step_codec.h"

#include <array>
#include <limits>

#include "trusted/sql/released_windows.h"

namespace gbx::sql {
namespace {

constexpr std::size_t kKeysMax = 64;  // of a window: its partition, its order
constexpr std::array<std::string_view, 4> kKinds = {"join", "group", "window", "append"};
constexpr std::array<std::string_view, 6> kJoins = {"inner", "left", "right",
                                                    "full",  "semi", "anti"};
constexpr std::array<std::string_view, 4> kFrames = {"partition", "rows", "peers", "offsets"};
constexpr std::array<std::string_view, 14> kFunctions = {
    "rows",       "values", "distinct",   "sum", "average", "minimum",     "maximum",
    "row_number", "rank",   "dense_rank", "lag", "lead",    "first_value", "last_value"};

// The enumerator whose name the member holds.
template <typename T, std::size_t N>
T take_name(Fields& fields, std::string_view key, const std::array<std::string_view, N>& names) {
  const std::string name = fields.text(key);
  for (std::size_t i = 0; i < N; i++) {
    if (names[i] == name) return static_cast<T>(i);
  }
  fields.fail();
  return T{};
}

template <typename T, std::size_t N>
std::string_view name_of(T value, const std::array<std::string_view, N>& names) {
  return names[static_cast<std::size_t>(value)];
}

bool takes_distinct(StepKind kind) { return kind == StepKind::join || kind == StepKind::append; }

bool moves(RowFunction function) {
  return function == RowFunction::lag || function == RowFunction::lead;
}

Json encode(const std::vector<Expression>& expressions) {
  Json out{Json::Array()};
  for (const Expression& e : expressions) out.push(encode_expression(e));
  return out;
}

Json encode(const Input& input, bool joined) {
  Json out = Json::object({{"source", std::int64_t{input.source}}});
  if (!joined) return out;
  out.set("kind", name_of(input.kind, kJoins));
  if (input.has_condition) out.set("condition", encode_expression(input.condition));
  return out;
}

Json encode(const RowAggregate& value) {
  Json out = Json::object({{"function", name_of(value.function, kFunctions)}});
  encode_value({value.type, value.low, value.high}, out);
  if (has_argument(value.function)) out.set("argument", encode_expression(value.argument));
  return out;
}

Json encode(const Window& window) {
  Json out = encode(window.value);
  Json order{Json::Array()};
  for (const RowOrder& by : window.order) {
    order.push(Json::object({{"key", encode_expression(by.key)},
                             {"descending", by.descending},
                             {"nulls_first", by.nulls_first}}));
  }
  out.set("partition", encode(window.partition));
  out.set("order", std::move(order));
  if (has_frame(window.value.function)) out.set("frame", name_of(window.frame, kFrames));
  if (moves(window.value.function)) out.set("offset", window.offset);
  if (window.frame == Frame::offsets) {
    out.set("first", window.first);
    out.set("last", window.last);
  }
  return out;
}

class StepDecoder {
 public:
  StepDecoder(ExpressionDecoder& expressions, Sources sources)
      : expressions_(expressions), sources_(sources) {}

  Result<Step> decode(const Json& json);
  // Over one relation, of released rows.
  Result<Window> decode_window(const Json& json);

 private:
  Result<Input> input(const Json& json, bool joined);
  Result<std::vector<Expression>> list(const Json::Array& array);
  Result<RowAggregate> value(Fields& fields);
  Result<RowAggregate> aggregate(const Json& json);
  Result<RowOrder> order(const Json& json);
  Result<Window> window(const Json& json, bool released);
  Result<Expression> expression(const Json& json) { return expressions_.decode(json, relations_); }

  ExpressionDecoder& expressions_;
  Sources sources_;
  std::vector<Source> relations_;  // the inputs that were read
};

// From here on its own condition, and then what comes after it, may read it.
Result<Input> StepDecoder::input(const Json& json, bool joined) {
  Fields fields(json, kTaskMalformed);
  Input out;
  out.source = static_cast<std::uint32_t>(
      fields.integer("source", 0, std::numeric_limits<std::uint32_t>::max()));
  if (out.source >= sources_.size()) return kMalformedTask;
  relations_.push_back(sources_[out.source]);
  if (joined) {
    out.kind = take_name<JoinKind>(fields, "kind", kJoins);
    if (const Json* condition = fields.optional("condition")) {
      GBX_TRY_ASSIGN(out.condition, expression(*condition));
      out.has_condition = true;
    }
  }
  if (out.kind == JoinKind::semi || out.kind == JoinKind::anti) relations_.back().readable = false;
  GBX_TRY(fields.finish());
  return out;
}

Result<std::vector<Expression>> StepDecoder::list(const Json::Array& array) {
  std::vector<Expression> out;
  for (const Json& entry : array) {
    GBX_TRY_ASSIGN(Expression decoded, expression(entry));
    out.push_back(std::move(decoded));
  }
  return out;
}

// The members of a value, of which an aggregate has no others.
Result<RowAggregate> StepDecoder::value(Fields& fields) {
  RowAggregate out;
  out.function = take_name<RowFunction>(fields, "function", kFunctions);
  const StepColumn values = take_value(fields);
  out.type = values.type;
  out.low = values.low;
  out.high = values.high;
  if (has_argument(out.function)) {
    GBX_TRY_ASSIGN(out.argument, expression(fields.object("argument")));
  }
  return out;
}

Result<RowAggregate> StepDecoder::aggregate(const Json& json) {
  Fields fields(json, kTaskMalformed);
  GBX_TRY_ASSIGN(RowAggregate out, value(fields));
  GBX_TRY(fields.finish());
  return out;
}

Result<RowOrder> StepDecoder::order(const Json& json) {
  Fields fields(json, kTaskMalformed);
  RowOrder out;
  GBX_TRY_ASSIGN(out.key, expression(fields.object("key")));
  out.descending = fields.boolean("descending");
  out.nulls_first = fields.boolean("nulls_first");
  GBX_TRY(fields.finish());
  return out;
}

Result<Window> StepDecoder::window(const Json& json, bool released) {
  Fields fields(json, kTaskMalformed);
  Window out;
  GBX_TRY_ASSIGN(out.value, value(fields));
  GBX_TRY_ASSIGN(out.partition, list(fields.array("partition", kKeysMax)));
  for (const Json& entry : fields.array("order", kKeysMax)) {
    GBX_TRY_ASSIGN(RowOrder by, order(entry));
    out.order.push_back(std::move(by));
  }
  if (has_frame(out.value.function)) out.frame = take_name<Frame>(fields, "frame", kFrames);
  if (moves(out.value.function)) out.offset = fields.integer("offset", 0, kWindowOffsetMax);
  if (out.frame == Frame::offsets) {
    constexpr std::int64_t kMost = kPersonRowsMax;
    out.first = fields.integer("first", -kMost, kMost);
    out.last = fields.integer("last", -kMost, kMost);
  }
  if (released) out.ties = static_cast<std::uint32_t>(fields.integer("ties", 0, kKeysMax));
  GBX_TRY(fields.finish());
  return out;
}

Result<Window> StepDecoder::decode_window(const Json& json) {
  relations_.push_back({.readable = true, .known = false, .columns = {}, .released = true});
  GBX_TRY_ASSIGN(Window out, window(json, true));
  const bool averages = out.value.function == RowFunction::average;
  if (averages || out.ties > out.order.size() || !is_well_formed(out) || !window_fits(out)) {
    return kMalformedTask;
  }
  return out;
}

Result<Step> StepDecoder::decode(const Json& json) {
  Fields fields(json, kTaskMalformed);
  Step out;
  out.kind = take_name<StepKind>(fields, "kind", kKinds);
  for (const Json& entry : fields.array("inputs", kStepInputsMax)) {
    GBX_TRY_ASSIGN(Input decoded, input(entry, out.kind == StepKind::join && !relations_.empty()));
    out.inputs.push_back(std::move(decoded));
  }
  GBX_TRY_ASSIGN(out.columns, list(fields.array("columns", kStepColumnsMax)));
  if (out.kind == StepKind::join) {
    if (const Json* filter = fields.optional("filter")) {
      GBX_TRY_ASSIGN(out.filter, expression(*filter));
      out.has_filter = true;
    }
  }
  if (takes_distinct(out.kind)) out.distinct = fields.boolean("distinct");
  if (out.kind == StepKind::group) {
    for (const Json& entry : fields.array("aggregates", kStepColumnsMax)) {
      GBX_TRY_ASSIGN(RowAggregate decoded, aggregate(entry));
      out.aggregates.push_back(std::move(decoded));
    }
  }
  if (out.kind == StepKind::window) {
    for (const Json& entry : fields.array("windows", kStepColumnsMax)) {
      GBX_TRY_ASSIGN(Window decoded, window(entry, false));
      out.windows.push_back(std::move(decoded));
    }
  }
  GBX_TRY(fields.finish());
  if (!is_well_formed(out, sources_)) return kMalformedTask;
  return out;
}

}  // namespace

Json encode_step(const Step& step) {
  Json inputs{Json::Array()};
  for (const Input& input : step.inputs) {
    inputs.push(encode(input, step.kind == StepKind::join && &input != step.inputs.data()));
  }
  Json out = Json::object({{"kind", name_of(step.kind, kKinds)},
                           {"inputs", std::move(inputs)},
                           {"columns", encode(step.columns)}});
  if (step.has_filter) out.set("filter", encode_expression(step.filter));
  if (takes_distinct(step.kind)) out.set("distinct", step.distinct);
  if (step.kind == StepKind::group) {
    Json aggregates{Json::Array()};
    for (const RowAggregate& value : step.aggregates) aggregates.push(encode(value));
    out.set("aggregates", std::move(aggregates));
  }
  if (step.kind == StepKind::window) {
    Json windows{Json::Array()};
    for (const Window& window : step.windows) windows.push(encode(window));
    out.set("windows", std::move(windows));
  }
  return out;
}

Json encode_released_window(const Window& window) {
  Json out = encode(window);
  out.set("ties", std::int64_t{window.ties});
  return out;
}

Result<Window> decode_released_window(const Json& json) {
  ExpressionDecoder expressions;
  return StepDecoder(expressions, {}).decode_window(json);
}

Result<Step> decode_step(const Json& json, ExpressionDecoder& expressions, Sources sources) {
  return StepDecoder(expressions, sources).decode(json);
}

}  // namespace gbx::sql
