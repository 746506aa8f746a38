#include "trusted/sql/task_codec.h"

#include <algorithm>
#include <array>
#include <limits>

#include "trusted/sql/formula.h"
#include "trusted/sql/step_codec.h"

namespace gbx::sql {
namespace {

constexpr std::int64_t kFormat = 2;
constexpr std::size_t kTablesMax = 64;
constexpr std::size_t kPartsMax = 64;  // groups, measures
constexpr std::size_t kNameBytesMax = 127;
constexpr std::int64_t kCountMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kSamplingMax = 2'147'483'646;
constexpr std::array<std::string_view, 8> kKinds = {
    "rows", "values", "sum", "centred", "distinct", "histogram", "magnitudes", "bounded"};

bool is_bin_number(std::uint32_t bins) {
  return bins == 16 || bins == 256 || bins == 4096 || bins == kBinsMax;
}

Json encode(const Measure& measure) {
  Json out = Json::object({{"kind", kKinds[static_cast<std::size_t>(measure.kind)]},
                           {"row_low", encode_number(measure.row_low)},
                           {"row_high", encode_number(measure.row_high)},
                           {"low", encode_number(measure.low)},
                           {"high", encode_number(measure.high)}});
  if (has_bins(measure.kind)) out.set("bins", std::int64_t{measure.bins});
  if (has_argument(measure.kind)) out.set("argument", encode_expression(measure.argument));
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
  Result<Expression> expression(const Json& json) { return expressions_.decode(json, relations_); }
  Status sources(Fields& fields, Task& out);
  Result<Measure> measure(const Json& json);
  static bool is_measurable(const Measure& measure);

  ExpressionDecoder expressions_;
  std::vector<Source> relations_;
};

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
  Fields fields(json, kTaskMalformed);
  Measure out;
  const std::string kind = fields.text("kind");
  std::size_t index = 0;
  while (index < kKinds.size() && kKinds[index] != kind) index++;
  if (index == kKinds.size()) return kMalformedTask;
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
      if (!fits) return kMalformedTask;
      out.watched.push_back(static_cast<std::uint32_t>(*number));
    }
  }
  if (has_argument(out.kind)) {
    GBX_TRY_ASSIGN(out.argument, expression(fields.object("argument")));
  }
  GBX_TRY(fields.finish());
  if (out.row_low > out.row_high || out.low > out.high || !is_measurable(out)) {
    return kMalformedTask;
  }
  return out;
}

// Tables and steps; what the task's expressions then read.
Status Decoder::sources(Fields& fields, Task& out) {
  for (const Json& table : fields.array("tables", kTablesMax)) {
    if (table.string() == nullptr || table.string()->size() > kNameBytesMax) return kMalformedTask;
    out.tables.push_back(*table.string());
  }
  if (out.tables.empty()) return kMalformedTask;
  relations_.resize(out.tables.size());
  for (const Json& entry : fields.array("steps", kStepsMax)) {
    GBX_TRY_ASSIGN(Step step, decode_step(entry, expressions_, relations_));
    relations_.push_back(source_of(step));
    out.steps.push_back(std::move(step));
  }
  if (out.steps.empty()) return {};
  std::vector<std::string> names = out.tables;
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) return kMalformedTask;
  relations_.erase(relations_.begin(), relations_.end() - 1);
  return {};
}

Result<Task> Decoder::task(const Json& json) {
  Fields fields(json, kTaskMalformed);
  fields.integer("format", kFormat, kFormat);
  Task out;
  GBX_TRY(sources(fields, out));
  const Json* filter = out.steps.empty() ? fields.optional("filter") : nullptr;
  if (filter != nullptr) {
    GBX_TRY_ASSIGN(out.filter, expression(*filter));
    if (out.filter.type.type != Type::boolean) return kMalformedTask;
    out.has_filter = true;
  }
  if (json.find("lists") != nullptr) {
    out.lists = fields.boolean("lists");
    if (!out.lists || !out.steps.empty()) return kMalformedTask;  // one spelling
  }
  for (const Json& group : fields.array("groups", kPartsMax)) {
    GBX_TRY_ASSIGN(Expression decoded, expression(group));
    out.groups.push_back(std::move(decoded));
  }
  for (const Json& entry : fields.array("measures", kPartsMax)) {
    GBX_TRY_ASSIGN(Measure decoded, measure(entry));
    out.measures.push_back(std::move(decoded));
  }
  if (!watches_others(out.measures)) return kMalformedTask;
  out.groups_per_person =
      static_cast<std::uint32_t>(fields.integer("groups_per_person", 1, kCountMax));
  out.groups_max = static_cast<std::uint32_t>(fields.integer("groups_max", 1, kCountMax));
  Fields sampling(fields.object("sampling"), kTaskMalformed);
  out.sampling.a = static_cast<std::uint32_t>(sampling.integer("a", 1, kSamplingMax));
  out.sampling.b = static_cast<std::uint32_t>(sampling.integer("b", 1, kSamplingMax));
  out.sampling.d = static_cast<std::uint32_t>(sampling.integer("d", 1, kSamplingMax));
  GBX_TRY(sampling.finish());
  GBX_TRY(fields.finish());
  return out;
}

// About how many nodes an engine writes that renders an expression as SQL: there some operators
// name what they work on more than once, and it is written out each time.
double written(const Expression& e) {
  double out = 0;
  for (const Expression& child : e.children) out += written(child);
  const bool divides = e.op == Op::quotient || e.op == Op::remainder;
  return 1 + out * (divides ? 6 : e.op == Op::clamp ? 2 : 1);
}

// Of all expressions of a task.
class Size {
 public:
  void add(const Expression& e) {
    nodes_ += node_count(e);
    depth_ = std::max(depth_, depth_of(e));
    written_ += written(e);
  }
  [[nodiscard]] Status check() const {
    if (depth_ > kTaskDepthMax) return Error{ErrorCode::invalid_argument, "expression_too_deep"};
    if (nodes_ > kTaskNodesMax || written_ > double{kTaskNodesMax}) return kTooLarge;
    return {};
  }

  static constexpr Error kTooLarge{ErrorCode::invalid_argument, "expression_too_large"};

 private:
  std::size_t nodes_ = 0;
  std::size_t depth_ = 0;
  double written_ = 0;
};

}  // namespace

Status check_size(const Task& task) {
  Size size;
  for (const Step& step : task.steps) {
    each_expression(step, [&](const Expression& e) { size.add(e); });
  }
  if (task.has_filter) size.add(task.filter);
  for (const Expression& group : task.groups) size.add(group);
  for (const Measure& measure : task.measures) size.add(measure.argument);
  GBX_TRY(size.check());
  return encode_task(task).size() <= kTaskBytesMax ? Status() : Status(Size::kTooLarge);
}

std::string encode_task(const Task& task) {
  Json tables{Json::Array()};
  for (const std::string& table : task.tables) tables.push(table);
  Json steps{Json::Array()};
  for (const Step& step : task.steps) steps.push(encode_step(step));
  Json groups{Json::Array()};
  for (const Expression& group : task.groups) groups.push(encode_expression(group));
  Json measures{Json::Array()};
  for (const Measure& measure : task.measures) measures.push(encode(measure));
  Json out = Json::object({{"format", kFormat},
                           {"tables", std::move(tables)},
                           {"steps", std::move(steps)},
                           {"groups", std::move(groups)},
                           {"measures", std::move(measures)},
                           {"groups_per_person", std::int64_t{task.groups_per_person}},
                           {"groups_max", std::int64_t{task.groups_max}},
                           {"sampling", Json::object({{"a", std::int64_t{task.sampling.a}},
                                                      {"b", std::int64_t{task.sampling.b}},
                                                      {"d", std::int64_t{task.sampling.d}}})}});
  if (task.has_filter) out.set("filter", encode_expression(task.filter));
  if (task.lists) out.set("lists", true);
  return out.canonical();
}

Result<Task> decode_task(std::string_view bytes) {
  if (bytes.size() > kTaskBytesMax) return kMalformedTask;
  const Result<Json> json = Json::parse_canonical(bytes);
  if (!json) return kMalformedTask;
  return Decoder().task(*json);
}

}  // namespace gbx::sql
