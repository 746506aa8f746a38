#include "trusted/sql/task_codec.h"

#include <array>
#include <charconv>
#include <limits>

#include "trusted/base/json.h"

namespace gbx::sql {
namespace {

constexpr Error kMalformed{ErrorCode::invalid_argument, "task_malformed"};
constexpr std::int64_t kCountMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::array<std::string_view, 4> kKinds = {"rows", "values", "sum", "centred"};
constexpr std::size_t kListMax = 100'000;

// Any int64; JSON's own integers end at 2^53.
Json wide(std::int64_t value) { return std::to_string(value); }

std::int64_t take_wide(Fields& fields, std::string_view key) {
  const std::string text = fields.text(key, 20);
  std::int64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) fields.fail();
  return value;
}

Json encode(const Expression& e) {
  Json::Array children;
  for (const Expression& child : e.children) children.push_back(encode(child));
  return Json::object({{"op", op_name(e.op)},
                       {"type", type_name(e.type.type)},
                       {"scale", std::int64_t{e.type.scale}},
                       {"children", std::move(children)},
                       {"relation", std::int64_t{e.relation}},
                       {"column", std::int64_t{e.column}},
                       {"value", wide(e.value)},
                       {"text", e.text},
                       {"low", wide(e.low)},
                       {"high", wide(e.high)}});
}

Json encode(const Measure& measure) {
  return Json::object({{"kind", kKinds[static_cast<std::size_t>(measure.kind)]},
                       {"argument", encode(measure.argument)},
                       {"row_low", wide(measure.row_low)},
                       {"row_high", wide(measure.row_high)},
                       {"low", wide(measure.low)},
                       {"high", wide(measure.high)}});
}

class Decoder {
 public:
  Result<Expression> expression(const Json& json, std::size_t depth) {
    if (depth > kTaskDepthMax || ++nodes_ > kTaskNodesMax) return kMalformed;
    Fields fields(json, "task_malformed");
    Expression e;
    const auto op = op_from(fields.text("op"));
    const auto type = type_from(fields.text("type"));
    if (!op || *op == Op::output || !type) return kMalformed;
    e.op = *op;
    e.type = {*type, static_cast<std::uint8_t>(fields.integer("scale", 0, kScaleMax))};
    e.relation = static_cast<std::uint32_t>(fields.integer("relation", 0, kCountMax));
    e.column = static_cast<std::uint32_t>(fields.integer("column", 0, kCountMax));
    e.value = take_wide(fields, "value");
    e.text = fields.text("text");
    e.low = take_wide(fields, "low");
    e.high = take_wide(fields, "high");
    for (const Json& child : fields.array("children", kListMax)) {
      GBX_TRY_ASSIGN(Expression decoded, expression(child, depth + 1));
      e.children.push_back(std::move(decoded));
    }
    GBX_TRY(fields.finish());
    return e;
  }

  Result<Measure> measure(const Json& json) {
    Fields fields(json, "task_malformed");
    Measure measure;
    const std::string kind = fields.text("kind");
    bool known = false;
    for (std::size_t i = 0; i < kKinds.size(); i++) {
      if (kKinds[i] != kind) continue;
      measure.kind = static_cast<MeasureKind>(i);
      known = true;
    }
    if (!known) return kMalformed;
    GBX_TRY_ASSIGN(measure.argument, expression(fields.object("argument"), 0));
    measure.row_low = take_wide(fields, "row_low");
    measure.row_high = take_wide(fields, "row_high");
    measure.low = take_wide(fields, "low");
    measure.high = take_wide(fields, "high");
    GBX_TRY(fields.finish());
    return measure;
  }

 private:
  std::size_t nodes_ = 0;
};

}  // namespace

std::string encode_task(const Task& task) {
  Json::Array tables;
  Json::Array groups;
  Json::Array measures;
  for (const std::string& table : task.tables) tables.push_back(table);
  for (const Expression& group : task.groups) groups.push_back(encode(group));
  for (const Measure& measure : task.measures) measures.push_back(encode(measure));
  Json out = Json::object({{"tables", std::move(tables)},
                           {"groups", std::move(groups)},
                           {"measures", std::move(measures)},
                           {"groups_per_person", std::int64_t{task.groups_per_person}},
                           {"groups_max", std::int64_t{task.groups_max}},
                           {"a", std::int64_t{task.sampling.a}},
                           {"b", std::int64_t{task.sampling.b}},
                           {"d", std::int64_t{task.sampling.d}}});
  if (task.has_filter) out.set("filter", encode(task.filter));
  return out.canonical();
}

Result<Task> decode_task(std::string_view text) {
  const auto json = Json::parse_canonical(text);
  if (!json) return kMalformed;
  Fields fields(*json, "task_malformed");
  Decoder decoder;
  Task task;
  for (const Json& table : fields.array("tables", kListMax)) {
    if (table.string() == nullptr) return kMalformed;
    task.tables.push_back(*table.string());
  }
  if (const Json* filter = fields.optional("filter")) {
    task.has_filter = true;
    GBX_TRY_ASSIGN(task.filter, decoder.expression(*filter, 0));
  }
  for (const Json& group : fields.array("groups", kListMax)) {
    GBX_TRY_ASSIGN(Expression decoded, decoder.expression(group, 0));
    task.groups.push_back(std::move(decoded));
  }
  for (const Json& measure : fields.array("measures", kListMax)) {
    GBX_TRY_ASSIGN(Measure decoded, decoder.measure(measure));
    task.measures.push_back(std::move(decoded));
  }
  const auto number = [&](std::string_view key) {
    return static_cast<std::uint32_t>(fields.integer(key, 1, kCountMax));
  };
  task.groups_per_person = number("groups_per_person");
  task.groups_max = number("groups_max");
  task.sampling = {.a = number("a"), .b = number("b"), .d = number("d")};
  GBX_TRY(fields.finish());
  return task;
}

}  // namespace gbx::sql
