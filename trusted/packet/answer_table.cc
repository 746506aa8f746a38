// The table of an answer: docs/spec/result.md#1-the-table.

#include <algorithm>
#include <array>

#include "trusted/packet/amounts.h"
#include "trusted/packet/answer.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "answer_malformed";
constexpr std::size_t kNameBytesMax = 256;

Error malformed() { return {ErrorCode::invalid_argument, kMalformed}; }

// A number in the one spelling of its type.
Result<std::int64_t> number(const Json& json, ValueType type) {
  const std::string* text = json.string();
  if (text == nullptr || text->size() > kNumberBytesMax) return malformed();
  const auto value = parse_value(*text, type);
  if (!value || format_value(*value, type) != *text) return malformed();
  return *value;
}

// In the order of OutputKind.
constexpr std::array<std::string_view, 7> kKinds = {"group",  "noised", "exact", "computed",
                                                    "person", "listed", "window"};

// Whether a column has the members of a formula, or none of them, as its kind wants.
Status decode_computed(const Json* formula, const Json* inputs, Output& out) {
  const bool computed = out.kind == OutputKind::computed;
  if ((formula != nullptr) != computed || (inputs != nullptr) != computed) return malformed();
  if (!computed) return {};
  out.formula = *formula;
  GBX_TRY_ASSIGN(out.inputs, decode_inputs(*inputs));
  return {};
}

Json encode_column(const Output& column) {
  Json out = Json::object({{"kind", kKinds[static_cast<std::size_t>(column.kind)]},
                           {"name", column.name},
                           {"type", type_name(column.type.type)}});
  if (column.type.type == Type::decimal) out.set("scale", int{column.type.scale});
  if (column.half_width) out.set("half_width", format_value(*column.half_width, column.type));
  if (column.input) out.set("input", true);
  if (column.window) out.set("window", *column.window);
  if (!column.formula) return out;
  out.set("formula", *column.formula);
  out.set("inputs", encode_inputs(column.inputs));
  return out;
}

Result<std::uint8_t> decode_scale(const Json* json, Type type) {
  if ((json != nullptr) != (type == Type::decimal)) return malformed();
  if (json == nullptr) return std::uint8_t{0};
  const std::int64_t* scale = json->integer();
  if (scale == nullptr || *scale < 1 || *scale > kScaleMax) return malformed();
  return static_cast<std::uint8_t>(*scale);
}

Result<Output> decode_column(const Json& json) {
  Fields fields(json, kMalformed);
  Output out;
  out.name = fields.text("name", kNameBytesMax);
  const std::string kind = fields.text("kind", kNameBytesMax);
  const auto type = type_from(fields.text("type", kNameBytesMax));
  const Json* scale = fields.optional("scale");
  const Json* half_width = fields.optional("half_width");
  const Json* formula = fields.optional("formula");
  const Json* inputs = fields.optional("inputs");
  const Json* window = fields.optional("window");
  if (json.find("input") != nullptr) {
    out.input = fields.boolean("input");
    if (!out.input) return malformed();  // one spelling
  }
  GBX_TRY(fields.finish());
  const auto found = std::find(kKinds.begin(), kKinds.end(), kind);
  if (!type || found == kKinds.end()) return malformed();
  out.kind = static_cast<OutputKind>(found - kKinds.begin());
  out.type.type = *type;
  GBX_TRY_ASSIGN(out.type.scale, decode_scale(scale, *type));
  if (half_width != nullptr) {
    GBX_TRY_ASSIGN(out.half_width, number(*half_width, out.type));
    if (*out.half_width < 0 || out.kind != OutputKind::noised) return malformed();
  }
  GBX_TRY(decode_computed(formula, inputs, out));
  if ((window != nullptr) != (out.kind == OutputKind::window)) return malformed();
  if (window != nullptr) out.window = *window;
  return out;
}

Json encode_cell(const OutputCell& cell, ValueType type) {
  Json::Array out;
  if (const auto* value = std::get_if<std::int64_t>(&cell.value)) {
    GBX_CHECK(type.type != Type::text);
    out.emplace_back(format_value(*value, type));
  } else if (const auto* text = std::get_if<std::string>(&cell.value)) {
    GBX_CHECK(type.type == Type::text);
    out.emplace_back(*text);
  }
  if (cell.interval) {
    GBX_CHECK(out.size() == 1 && type.type != Type::text);
    out.emplace_back(format_value(cell.interval->low, type));
    out.emplace_back(format_value(cell.interval->high, type));
  }
  return Json(std::move(out));
}

Result<OutputCell> decode_cell(const Json& json, const Output& column) {
  const Json::Array* parts = json.array();
  if (parts == nullptr || parts->size() > 3 || parts->size() == 2) return malformed();
  OutputCell out;
  if (parts->empty()) return out;
  if (column.type.type == Type::text) {
    const std::string* text = parts->front().string();
    if (text == nullptr || parts->size() != 1) return malformed();
    out.value = *text;
    return out;
  }
  GBX_TRY_ASSIGN(const std::int64_t value, number(parts->front(), column.type));
  out.value = value;
  if (parts->size() == 3) {
    Interval interval;
    GBX_TRY_ASSIGN(interval.low, number((*parts)[1], column.type));
    GBX_TRY_ASSIGN(interval.high, number((*parts)[2], column.type));
    const bool noised = column.kind == OutputKind::noised || column.kind == OutputKind::computed;
    if (interval.low > interval.high || !noised) return malformed();
    out.interval = interval;
  }
  return out;
}

Json encode_rows(const std::vector<std::vector<OutputCell>>& rows,
                 const std::vector<Output>& columns) {
  Json::Array out;
  for (const auto& row : rows) {
    GBX_CHECK(row.size() == columns.size());
    Json::Array cells;
    for (std::size_t i = 0; i < row.size(); i++) {
      cells.push_back(encode_cell(row[i], columns[i].type));
    }
    out.emplace_back(std::move(cells));
  }
  return Json(std::move(out));
}

Status decode_rows(const Json::Array& rows, const AnswerTable& table,
                   std::vector<std::vector<OutputCell>>& out) {
  for (const Json& item : rows) {
    const Json::Array* cells = item.array();
    if (cells == nullptr || cells->size() != table.columns.size()) return malformed();
    std::vector<OutputCell>& row = out.emplace_back();
    for (std::size_t i = 0; i < cells->size(); i++) {
      GBX_TRY_ASSIGN(OutputCell cell, decode_cell((*cells)[i], table.columns[i]));
      row.push_back(std::move(cell));
    }
  }
  return {};
}

// Rows beside those that are shown: some, and only where a window can have read them.
Status decode_others(const Json& json, AnswerTable& out) {
  const Json::Array* rows = json.array();
  const bool windows = std::any_of(out.columns.begin(), out.columns.end(), [](const Output& one) {
    return one.kind == OutputKind::window;
  });
  if (rows == nullptr || rows->empty() || rows->size() > kAnswerRowsMax) return malformed();
  if (out.dry_run || !windows) return malformed();
  return decode_rows(*rows, out, out.others);
}

}  // namespace

Json encode(const AnswerTable& table) {
  Json::Array columns;
  for (const Output& column : table.columns) columns.push_back(encode_column(column));
  Json out = Json::object({{"columns", Json(std::move(columns))},
                           {"kind", table.dry_run ? "price" : "answer"},
                           {"rows", encode_rows(table.rows, table.columns)}});
  if (!table.others.empty()) out.set("others", encode_rows(table.others, table.columns));
  if (table.withheld) out.set("withheld", *table.withheld);
  if (table.rows_cut > 0) out.set("rows_cut", table.rows_cut);
  return out;
}

Result<AnswerTable> decode_answer_table(const Json& json) {
  Fields fields(json, kMalformed);
  AnswerTable out;
  const Json::Array& columns = fields.array("columns", kAnswerColumnsMax);
  const std::string kind = fields.text("kind", kNameBytesMax);
  const Json::Array& rows = fields.array("rows", kAnswerRowsMax);
  const Json* others = fields.optional("others");
  const Json* rows_cut = fields.optional("rows_cut");
  const Json* withheld = fields.optional("withheld");
  GBX_TRY(fields.finish());
  if (kind != "answer" && kind != "price") return malformed();
  out.dry_run = kind == "price";
  if (out.dry_run && !rows.empty()) return malformed();
  if (withheld != nullptr) {
    if (withheld->integer() == nullptr || *withheld->integer() < 0) return malformed();
    out.withheld = *withheld->integer();
  }
  if (rows_cut != nullptr) {
    if (rows_cut->integer() == nullptr || *rows_cut->integer() < 1) return malformed();
    if (rows.empty() && others == nullptr)
      return malformed();  // a policy lets at least one row through
    out.rows_cut = *rows_cut->integer();
  }
  for (const Json& item : columns) {
    GBX_TRY_ASSIGN(Output column, decode_column(item));
    out.columns.push_back(std::move(column));
  }
  GBX_TRY(decode_rows(rows, out, out.rows));
  if (others != nullptr) GBX_TRY(decode_others(*others, out));
  return out;
}

}  // namespace gbx::packet
