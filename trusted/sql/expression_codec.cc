#include "trusted/sql/expression_codec.h"

#include <charconv>
#include <limits>

#include "trusted/sql/released_value.h"
#include "trusted/sql/task_codec.h"

namespace gbx::sql {
namespace {

constexpr std::size_t kTextBytesMax = 4096;
constexpr std::size_t kChildrenMax = 20'000;
constexpr std::int64_t kIndexMax = std::numeric_limits<std::uint32_t>::max();

bool has_value(const Expression& e) {
  return (e.op == Op::literal && e.type.type != Type::text) || e.op == Op::rescale ||
         e.op == Op::prefix || e.op == Op::suffix || e.op == Op::rest || e.op == Op::trim ||
         e.op == Op::quotient || e.op == Op::remainder || e.op == Op::add_months ||
         e.op == Op::like || e.op == Op::to_text;
}

bool has_text(const Expression& e) {
  return (e.op == Op::literal && e.type.type == Type::text) || e.op == Op::like ||
         e.op == Op::to_text;
}

bool is_leaf(Op op) { return op == Op::column || op == Op::literal || op == Op::null; }

}  // namespace

Json encode_number(std::int64_t value) { return Json(std::to_string(value)); }

std::int64_t take_number(Fields& fields, std::string_view key) {
  const std::string text = fields.text(key, 20);
  std::int64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end.ec == std::errc() && end.ptr == text.data() + text.size();
  if (!whole || std::to_string(value) != text) fields.fail();
  return value;
}

void encode_value(const StepColumn& value, Json& out) {
  out.set("type", type_name(value.type.type));
  out.set("scale", std::int64_t{value.type.scale});
  out.set("low", encode_number(value.low));
  out.set("high", encode_number(value.high));
}

StepColumn take_value(Fields& fields) {
  StepColumn out;
  const std::optional<Type> type = type_from(fields.text("type"));
  if (!type) fields.fail();
  out.type = {type.value_or(Type::integer),
              static_cast<std::uint8_t>(fields.integer("scale", 0, kScaleMax))};
  out.low = take_number(fields, "low");
  out.high = take_number(fields, "high");
  return out;
}

Json encode_expression(const Expression& e) {
  Json out = Json::object({{"op", op_name(e.op)}});
  encode_value({e.type, e.low, e.high}, out);
  if (e.op == Op::column) {
    out.set("relation", std::int64_t{e.relation});
    out.set("column", std::int64_t{e.column});
  }
  if (has_value(e)) out.set("value", encode_number(e.value));
  if (has_text(e)) out.set("text", e.text);
  if (is_leaf(e.op)) return out;
  Json children{Json::Array()};
  for (const Expression& child : e.children) children.push(encode_expression(child));
  out.set("children", std::move(children));
  return out;
}

Result<Expression> ExpressionDecoder::decode_at(const Json& json, Sources relations,
                                                std::size_t depth) {
  if (depth > kTaskDepthMax || ++nodes_ > kTaskNodesMax) return kMalformedTask;
  Fields fields(json, kTaskMalformed);
  Expression out;
  const std::optional<Op> op = op_from(fields.text("op"));
  if (!op) return kMalformedTask;
  out.op = *op;
  const StepColumn value = take_value(fields);
  out.type = value.type;
  out.low = value.low;
  out.high = value.high;
  if (out.op == Op::column) {
    out.relation = static_cast<std::uint32_t>(fields.integer("relation", 0, kIndexMax));
    out.column = static_cast<std::uint32_t>(fields.integer("column", 0, kIndexMax));
  }
  if (has_value(out)) out.value = take_number(fields, "value");
  if (has_text(out)) out.text = fields.text("text", kTextBytesMax);
  if (out.text.find('\0') != std::string::npos) return kMalformedTask;
  if (!is_leaf(out.op)) {
    for (const Json& child : fields.array("children", kChildrenMax)) {
      GBX_TRY_ASSIGN(Expression decoded, decode_at(child, relations, depth + 1));
      out.children.push_back(std::move(decoded));
    }
  }
  GBX_TRY(fields.finish());
  if (!is_well_formed(out, relations)) return kMalformedTask;
  return out;
}

Result<Expression> decode_formula(const Json& json) {
  const Source row = {.readable = true, .known = false, .columns = {}, .released = true};
  GBX_TRY_ASSIGN(Expression out, ExpressionDecoder().decode(json, Sources(&row, 1)));
  if (!formula_fits(out)) return kMalformedTask;
  return out;
}

}  // namespace gbx::sql
