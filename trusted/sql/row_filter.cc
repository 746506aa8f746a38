#include "trusted/sql/row_filter.h"

#include <algorithm>

#include "trusted/base/hidden.h"
#include "trusted/sql/build.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/row_leaves.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {
namespace {

constexpr Error kMalformed{ErrorCode::invalid_argument, "policy_row_filter_malformed"};

bool has_form(const Node& node) {
  const bool plain = !node.distinct && node.filter.empty() && node.over.empty() &&
                     node.select.empty() && node.text.size() <= kTextBytesMax &&
                     is_printable(node.text);
  if (!plain) return false;
  switch (node.kind) {
    case NodeKind::column: return node.path.size() == 1 && node.path[0].size() <= kNameBytesMax;
    case NodeKind::number: return node.scale <= kScaleMax;
    case NodeKind::text:
    case NodeKind::boolean:
    case NodeKind::null:
    case NodeKind::interval:
    case NodeKind::call: return true;
    case NodeKind::cast: return node.children.size() == 1;
    case NodeKind::case_when: return node.children.size() >= 3;
    case NodeKind::star:
    case NodeKind::exists:
    case NodeKind::in_select:
    case NodeKind::parameter: return false;
  }
  GBX_CHECK(false);
}

bool has_form(const Node& node, std::size_t depth, std::size_t& nodes) {
  if (depth > kRowFilterDepthMax || ++nodes > kRowFilterNodesMax || !has_form(node)) return false;
  return std::all_of(node.children.begin(), node.children.end(),
                     [&](const Node& child) { return has_form(child, depth + 1, nodes); });
}

Json children_of(const Node& node) {
  Json out{Json::Array()};
  for (const Node& child : node.children) out.push(encode_row_filter(child));
  return out;
}

class Decoder {
 public:
  Result<Node> decode(const Json& json, std::size_t depth) {
    if (depth > kRowFilterDepthMax || ++nodes_ > kRowFilterNodesMax) return kMalformed;
    Fields fields(json, kMalformed.reason);
    Node out;
    const Json::Array* children = nullptr;
    if (json.find("column") != nullptr) {
      out.kind = NodeKind::column;
      out.path = {fields.text("column", kNameBytesMax)};
    } else if (json.find("number") != nullptr) {
      take_number(fields, out);
    } else if (json.find("text") != nullptr) {
      out.kind = NodeKind::text;
      out.text = fields.text("text", kTextBytesMax);
    } else if (json.find("boolean") != nullptr) {
      out.kind = NodeKind::boolean;
      out.value = fields.boolean("boolean") ? 1 : 0;
    } else if (json.find("null") != nullptr) {
      if (!fields.boolean("null")) fields.fail();
    } else if (json.find("interval") != nullptr) {
      out.kind = NodeKind::interval;
      out.value = fields.integer("interval", -Json::kIntegerMax, Json::kIntegerMax);
      out.text = fields.text("unit", kNameBytesMax);
    } else {
      children = take_parent(fields, json, out);
    }
    GBX_TRY(fields.finish());
    if (children == nullptr) return out;
    for (const Json& child : *children) {
      GBX_TRY_ASSIGN(Node next, decode(child, depth + 1));
      out.children.push_back(std::move(next));
    }
    return out;
  }

 private:
  // "12.50": the digits after the point are its scale.
  static void take_number(Fields& fields, Node& out) {
    out.kind = NodeKind::number;
    const std::string text = fields.text("number", 32);
    const std::size_t point = text.find('.');
    const std::size_t digits = point == std::string::npos ? 0 : text.size() - point - 1;
    if (digits > kScaleMax) return fields.fail();
    out.scale = static_cast<std::uint8_t>(digits);
    const auto value = parse_decimal(text, out.scale);
    if (!value) return fields.fail();
    out.value = *value;
  }

  static const Json::Array* take_parent(Fields& fields, const Json& json, Node& out) {
    if (json.find("case") != nullptr) {
      out.kind = NodeKind::case_when;
      return &fields.array("case", kRowFilterNodesMax);
    }
    if (json.find("cast") != nullptr) {
      out.kind = NodeKind::cast;
      const std::optional<Type> type = type_from(fields.text("cast", kNameBytesMax));
      if (!type) fields.fail();
      out.type = {type.value_or(Type::integer),
                  static_cast<std::uint8_t>(fields.integer("scale", 0, kScaleMax))};
    } else {
      out.kind = NodeKind::call;
      out.text = fields.text("call", kNameBytesMax);
    }
    return &fields.array("of", kRowFilterNodesMax);
  }

  std::size_t nodes_ = 0;
};

void forget_places(Expression& e) {
  e.where = {};
  for (Expression& child : e.children) forget_places(child);
}

Expression over_relation(Expression e, std::uint32_t relation) {
  each_column(e, [&](Expression& column) { column.relation = relation; });
  return e;
}

Result<Expression> both(bool has_first, Expression first, Expression second) {
  if (!has_first) return second;
  std::vector<Expression> parts;
  parts.push_back(std::move(second));
  parts.push_back(std::move(first));
  return make_logical(Op::logical_and, std::move(parts), {});
}

bool keeps_its_rows(JoinKind kind) { return kind == JoinKind::right || kind == JoinKind::full; }

// Puts the filters of tables into the steps that read them.
class StepFilter {
 public:
  StepFilter(Query query, const std::vector<std::optional<Expression>>& filters)
      : query_(std::move(query)), filters_(&filters) {}

  Result<Query> run() {
    const std::vector<Step> steps = std::move(query_.steps);
    query_.steps.clear();
    for (std::size_t i = 0; i < query_.relations.size(); i++) {
      numbers_.push_back(static_cast<std::uint32_t>(i));
    }
    for (Step step : steps) {
      for (Input& input : step.inputs) input.source = numbers_[input.source];
      for (std::size_t i = 0; i < step.inputs.size(); i++) GBX_TRY(filter(step, i));
      numbers_.push_back(add(std::move(step)));
    }
    if (query_.steps.size() > kStepsMax) {
      return Error{ErrorCode::invalid_argument, "too_many_steps"};
    }
    return std::move(query_);
  }

 private:
  std::uint32_t add(Step step) {
    query_.steps.push_back(std::move(step));
    return static_cast<std::uint32_t>(query_.relations.size() + query_.steps.size() - 1);
  }

  // A filter may wait where no later join keeps rows that it would have dropped. Of the weak side
  // of a join it is part of the condition: who does not pass is nobody's partner.
  Status filter(Step& step, std::size_t at) {
    const std::uint32_t source = step.inputs[at].source;
    if (source >= filters_->size() || !(*filters_)[source]) return {};
    Input& input = step.inputs[at];
    Expression condition = over_relation(*(*filters_)[source], static_cast<std::uint32_t>(at));
    const bool waits =
        std::none_of(step.inputs.begin() + static_cast<std::ptrdiff_t>(at), step.inputs.end(),
                     [](const Input& later) { return keeps_its_rows(later.kind); });
    if (step.kind != StepKind::join || (!waits && (at == 0 || keeps_its_rows(input.kind)))) {
      filter_before(step, at);
    } else if (waits && input.kind == JoinKind::inner) {
      GBX_TRY_ASSIGN(step.filter,
                     both(step.has_filter, std::move(step.filter), std::move(condition)));
      step.has_filter = true;
    } else {
      GBX_TRY_ASSIGN(input.condition,
                     both(input.has_condition, std::move(input.condition), std::move(condition)));
      input.has_condition = true;
    }
    return {};
  }

  // A step of the table's rows that pass, with the columns that `step` reads.
  void filter_before(Step& step, std::size_t at) {
    Step rows;
    rows.inputs.push_back(
        {.source = step.inputs[at].source, .kind = {}, .has_condition = false, .condition = {}});
    rows.has_filter = true;
    rows.filter = over_relation(*(*filters_)[step.inputs[at].source], 0);
    each_expression(step, [&](Expression& e) {
      each_column(e, [&](Expression& column) {
        if (column.relation == at) column.column = place_of(column, rows.columns);
      });
    });
    step.inputs[at].source = add(std::move(rows));
  }

  static std::uint32_t place_of(const Expression& column, std::vector<Expression>& columns) {
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const Expression& known) {
      return known.column == column.column;
    });
    const auto place = static_cast<std::uint32_t>(found - columns.begin());
    if (found == columns.end()) columns.push_back(over_relation(column, 0));
    return place;
  }

  Query query_;
  const std::vector<std::optional<Expression>>* filters_;
  std::vector<std::uint32_t> numbers_;  // by old source
};

}  // namespace

Status check_row_filter(const Node& node) {
  std::size_t nodes = 0;
  if (!has_form(node, 0, nodes)) return kMalformed;
  return {};
}

Json encode_row_filter(const Node& node) {
  switch (node.kind) {
    case NodeKind::column: return Json::object({{"column", node.path.back()}});
    case NodeKind::number:
      return Json::object({{"number", format_decimal(node.value, node.scale)}});
    case NodeKind::text: return Json::object({{"text", node.text}});
    case NodeKind::boolean: return Json::object({{"boolean", node.value != 0}});
    case NodeKind::null: return Json::object({{"null", true}});
    case NodeKind::interval: return Json::object({{"interval", node.value}, {"unit", node.text}});
    case NodeKind::call: return Json::object({{"call", node.text}, {"of", children_of(node)}});
    case NodeKind::cast:
      return Json::object({{"cast", type_name(node.type.type)},
                           {"of", children_of(node)},
                           {"scale", std::int64_t{node.type.scale}}});
    case NodeKind::case_when: return Json::object({{"case", children_of(node)}});
    case NodeKind::star:
    case NodeKind::exists:
    case NodeKind::in_select:
    case NodeKind::parameter: break;
  }
  GBX_CHECK(false);
}

Result<Node> decode_row_filter(const Json& json) {
  GBX_TRY_ASSIGN(Node out, Decoder().decode(json, 0));
  GBX_TRY(check_row_filter(out));
  if (encode_row_filter(out).canonical() != json.canonical()) return kMalformed;
  return out;
}

Result<Expression> bind_row_filter(const Node& node, const CatalogTable& table) {
  GBX_TRY(check_row_filter(node));
  const Catalog catalog{{table}};
  TableName written;
  written.name = table.name;
  GBX_TRY_ASSIGN(const Scope scope, Scope::create({written}, catalog));
  std::vector<FunctionUse> functions;  // the owner's own choice: its rule is for others
  GBX_TRY_ASSIGN(Expression out, bind_row_condition(node, scope, "aggregate_in_where", functions));
  forget_places(out);
  return out;
}

Result<Query> with_row_filters(Query query, const std::vector<std::optional<Expression>>& filters) {
  GBX_CHECK(filters.size() == query.relations.size());
  if (!query.steps.empty()) return StepFilter(std::move(query), filters).run();
  for (std::size_t i = 0; i < filters.size(); i++) {
    if (!filters[i]) continue;
    Expression condition = over_relation(*filters[i], static_cast<std::uint32_t>(i));
    GBX_TRY_ASSIGN(query.filter,
                   both(query.has_filter, std::move(query.filter), std::move(condition)));
    query.has_filter = true;
  }
  return query;
}

}  // namespace gbx::sql
