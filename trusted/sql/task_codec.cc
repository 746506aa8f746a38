#include "trusted/sql/task_codec.h"

#include <array>
#include <charconv>
#include <limits>

#include "trusted/base/json.h"
#include "trusted/sql/well_formed.h"

namespace gbx::sql {
namespace {

constexpr Literal kReason = "task_malformed";
constexpr Error kMalformed{ErrorCode::invalid_argument, kReason};
constexpr std::int64_t kFormat = 1;
constexpr std::size_t kTablesMax = 64;
constexpr std::size_t kPartsMax = 64;  // groups, measures
constexpr std::size_t kNameBytesMax = 127;
constexpr std::size_t kTextBytesMax = 4096;
constexpr std::size_t kChildrenMax = 20'000;
constexpr std::int64_t kCountMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kSamplingMax = 2'147'483'646;
constexpr std::array<std::string_view, 8> kKinds = {
    "rows", "values", "sum", "centred", "distinct", "histogram", "magnitudes", "bounded"};

// Numbers may pass 2^53, which JSON integers here may not: they are strings.
Json number(std::int64_t value) { return Json(std::to_string(value)); }

std::int64_t take_number(Fields& fields, std::string_view key) {
  const std::string text = fields.text(key, 20);
  std::int64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end.ec == std::errc() && end.ptr == text.data() + text.size();
  if (!whole || std::to_string(value) != text) fields.fail();
  return value;
}

bool has_value(const Expression& e) {
  return (e.op == Op::literal && e.type.type != Type::text) || e.op == Op::rescale ||
         e.op == Op::prefix;
}

bool has_text(const Expression& e) {
  return (e.op == Op::literal && e.type.type == Type::text) || e.op == Op::like;
}

bool is_bin_number(std::uint32_t bins) {
  return bins == 16 || bins == 256 || bins == 4096 || bins == kBinsMax;
}

bool is_leaf(Op op) { return op == Op::column || op == Op::literal || op == Op::null; }

Json encode(const Expression& e) {
  Json out = Json::object({{"op", op_name(e.op)},
                           {"type", type_name(e.type.type)},
                           {"scale", std::int64_t{e.type.scale}},
                           {"low", number(e.low)},
                           {"high", number(e.high)}});
  if (e.op == Op::column) {
    out.set("relation", std::int64_t{e.relation});
    out.set("column", std::int64_t{e.column});
  }
  if (has_value(e)) out.set("value", number(e.value));
  if (has_text(e)) out.set("text", e.text);
  if (is_leaf(e.op)) return out;
  Json children{Json::Array()};
  for (const Expression& child : e.children) children.push(encode(child));
  out.set("children", std::move(children));
  return out;
}

Json encode(const Measure& measure) {
  Json out = Json::object({{"kind", kKinds[static_cast<std::size_t>(measure.kind)]},
                           {"row_low", number(measure.row_low)},
                           {"row_high", number(measure.row_high)},
                           {"low", number(measure.low)},
                           {"high", number(measure.high)}});
  if (has_bins(measure.kind)) out.set("bins", std::int64_t{measure.bins});
  if (has_argument(measure.kind)) out.set("argument", encode(measure.argument));
  if (measure.kind == MeasureKind::bounded) {
    Json watched{Json::Array()};
    for (const std::uint32_t place : measure.watched) watched.push(std::int64_t{place});
    out.set("watched", std::move(watched));
  }
  return out;
}

class Decoder {
 public:
  Result<Task> task(const Json& json);

 private:
  Result<Expression> expression(const Json& json, std::size_t depth);
  Result<Measure> measure(const Json& json);
  static bool is_measurable(const Measure& measure);

  std::size_t nodes_ = 0;
  std::size_t relations_ = 0;
};

Result<Expression> Decoder::expression(const Json& json, std::size_t depth) {
  if (depth > kTaskDepthMax || ++nodes_ > kTaskNodesMax) return kMalformed;
  Fields fields(json, kReason);
  Expression out;
  const std::optional<Op> op = op_from(fields.text("op"));
  const std::optional<Type> type = type_from(fields.text("type"));
  if (!op || !type) return kMalformed;
  out.op = *op;
  out.type = {*type, static_cast<std::uint8_t>(fields.integer("scale", 0, kScaleMax))};
  out.low = take_number(fields, "low");
  out.high = take_number(fields, "high");
  if (out.op == Op::column) {
    out.relation = static_cast<std::uint32_t>(fields.integer("relation", 0, kCountMax));
    out.column = static_cast<std::uint32_t>(fields.integer("column", 0, kCountMax));
  }
  if (has_value(out)) out.value = take_number(fields, "value");
  if (has_text(out)) out.text = fields.text("text", kTextBytesMax);
  if (out.text.find('\0') != std::string::npos) return kMalformed;
  if (!is_leaf(out.op)) {
    for (const Json& child : fields.array("children", kChildrenMax)) {
      GBX_TRY_ASSIGN(Expression decoded, expression(child, depth + 1));
      out.children.push_back(std::move(decoded));
    }
  }
  GBX_TRY(fields.finish());
  if (!is_well_formed(out, relations_)) return kMalformed;
  return out;
}

bool Decoder::is_measurable(const Measure& measure) {
  if (measure.kind == MeasureKind::rows || measure.kind == MeasureKind::values) return true;
  if (measure.kind == MeasureKind::bounded) return measure.low == 0 && measure.high == 1;
  const bool few = measure.low == 0 && measure.high <= kValuesPerPersonMax;
  if (keeps_values(measure.kind) && !few) return false;
  if (measure.kind == MeasureKind::distinct) return true;
  if (measure.kind == MeasureKind::histogram && !is_bin_number(measure.bins)) return false;
  const Type type = measure.argument.type.type;
  constexpr std::int64_t kRowMax = std::int64_t{1}
                                   << 61;  // twice it, and sums of two, stay in int64
  const bool fits = measure.row_low >= -kRowMax && measure.row_high <= kRowMax;
  if (measure.kind == MeasureKind::magnitudes &&
      (!fits || measure.bins != magnitudes_in(measure.row_low, measure.row_high))) {
    return false;
  }
  return (type == Type::integer || type == Type::decimal) && fits;
}

Result<Measure> Decoder::measure(const Json& json) {
  Fields fields(json, kReason);
  Measure out;
  const std::string kind = fields.text("kind");
  std::size_t index = 0;
  while (index < kKinds.size() && kKinds[index] != kind) index++;
  if (index == kKinds.size()) return kMalformed;
  out.kind = static_cast<MeasureKind>(index);
  out.row_low = take_number(fields, "row_low");
  out.row_high = take_number(fields, "row_high");
  out.low = take_number(fields, "low");
  out.high = take_number(fields, "high");
  if (has_bins(out.kind)) {
    out.bins = static_cast<std::uint32_t>(fields.integer("bins", 1, kBinsMax));
  }
  if (out.kind == MeasureKind::bounded) {
    for (const Json& place : fields.array("watched", kPartsMax)) {
      const std::int64_t* number = place.integer();
      const bool fits = number != nullptr && *number >= 0 && *number < std::int64_t{kPartsMax};
      if (!fits) return kMalformed;
      out.watched.push_back(static_cast<std::uint32_t>(*number));
    }
  }
  if (has_argument(out.kind)) {
    GBX_TRY_ASSIGN(out.argument, expression(fields.object("argument"), 0));
  }
  GBX_TRY(fields.finish());
  if (out.row_low > out.row_high || out.low > out.high || !is_measurable(out)) {
    return kMalformed;
  }
  return out;
}

Result<Task> Decoder::task(const Json& json) {
  Fields fields(json, kReason);
  fields.integer("format", kFormat, kFormat);
  Task out;
  for (const Json& table : fields.array("tables", kTablesMax)) {
    if (table.string() == nullptr || table.string()->size() > kNameBytesMax) return kMalformed;
    out.tables.push_back(*table.string());
  }
  relations_ = out.tables.size();
  if (relations_ == 0) return kMalformed;
  if (const Json* filter = fields.optional("filter")) {
    GBX_TRY_ASSIGN(out.filter, expression(*filter, 0));
    if (out.filter.type.type != Type::boolean) return kMalformed;
    out.has_filter = true;
  }
  for (const Json& group : fields.array("groups", kPartsMax)) {
    GBX_TRY_ASSIGN(Expression decoded, expression(group, 0));
    out.groups.push_back(std::move(decoded));
  }
  for (const Json& entry : fields.array("measures", kPartsMax)) {
    GBX_TRY_ASSIGN(Measure decoded, measure(entry));
    out.measures.push_back(std::move(decoded));
  }
  if (!watches_others(out.measures)) return kMalformed;
  out.groups_per_person =
      static_cast<std::uint32_t>(fields.integer("groups_per_person", 1, kCountMax));
  out.groups_max = static_cast<std::uint32_t>(fields.integer("groups_max", 1, kCountMax));
  Fields sampling(fields.object("sampling"), kReason);
  out.sampling.a = static_cast<std::uint32_t>(sampling.integer("a", 1, kSamplingMax));
  out.sampling.b = static_cast<std::uint32_t>(sampling.integer("b", 1, kSamplingMax));
  out.sampling.d = static_cast<std::uint32_t>(sampling.integer("d", 1, kSamplingMax));
  GBX_TRY(sampling.finish());
  GBX_TRY(fields.finish());
  return out;
}

}  // namespace

std::string encode_task(const Task& task) {
  Json tables{Json::Array()};
  for (const std::string& table : task.tables) tables.push(table);
  Json groups{Json::Array()};
  for (const Expression& group : task.groups) groups.push(encode(group));
  Json measures{Json::Array()};
  for (const Measure& measure : task.measures) measures.push(encode(measure));
  Json out = Json::object({{"format", kFormat},
                           {"tables", std::move(tables)},
                           {"groups", std::move(groups)},
                           {"measures", std::move(measures)},
                           {"groups_per_person", std::int64_t{task.groups_per_person}},
                           {"groups_max", std::int64_t{task.groups_max}},
                           {"sampling", Json::object({{"a", std::int64_t{task.sampling.a}},
                                                      {"b", std::int64_t{task.sampling.b}},
                                                      {"d", std::int64_t{task.sampling.d}}})}});
  if (task.has_filter) out.set("filter", encode(task.filter));
  return out.canonical();
}

Result<Task> decode_task(std::string_view bytes) {
  if (bytes.size() > kTaskBytesMax) return kMalformed;
  const Result<Json> json = Json::parse_canonical(bytes);
  if (!json) return kMalformed;
  return Decoder().task(*json);
}

}  // namespace gbx::sql
