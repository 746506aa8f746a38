#include "trusted/policy/rule_codec.h"

#include <algorithm>
#include <array>

#include "trusted/packet/amounts.h"

namespace gbx::policy {
namespace {

constexpr Literal kMalformed = "policy_malformed";

// In the order of AdditionalAnalyses.
constexpr std::array<std::string_view, 3> kAdditional = {"NOT_ALLOWED", "ALLOWED", "REQUIRED"};

Error wrong(Literal reason) { return {ErrorCode::invalid_argument, reason}; }

Json encode_constraints(const Rule& rule) {
  Json out{Json::Array()};
  for (const OutputConstraint& entry : rule.output_constraints) {
    out.push(Json::object(
        {{"columnName", entry.column}, {"minimum", entry.minimum}, {"type", "COUNT_DISTINCT"}}));
  }
  return out;
}

void encode_operators(const Rule& rule, Json& out) {
  if (!rule.join_operators) return;
  Json operators{Json::Array()};
  if (rule.join_operators->logical_and) operators.push("AND");
  if (rule.join_operators->logical_or) operators.push("OR");
  out.set("allowedJoinOperators", std::move(operators));
}

Json encode_aggregation(const Rule& rule) {
  Json::Array aggregates;
  for (const AggregateColumns& entry : rule.aggregate_columns) {
    aggregates.push_back(Json::object({{"columnNames", texts(entry.columns)},
                                       {"function", aggregate_function_name(entry.function)}}));
  }
  Json out = Json::object({{"aggregateColumns", Json(std::move(aggregates))},
                           {"dimensionColumns", texts(rule.dimension_columns)},
                           {"joinColumns", texts(rule.join_columns)},
                           {"outputConstraints", encode_constraints(rule)},
                           {"scalarFunctions", texts(rule.scalar_functions)}});
  if (rule.join_required) out.set("joinRequired", "QUERY_RUNNER");
  encode_operators(rule, out);
  return out;
}

Json encode_list(const Rule& rule) {
  const auto& constraints = rule.output_constraints;  // check_list() holds it to one
  const std::int64_t minimum = constraints.empty() ? 0 : constraints.front().minimum;
  Json out = Json::object({{"joinColumns", texts(rule.join_columns)},
                           {"listColumns", texts(rule.list_columns)},
                           {"minimumAudience", minimum}});
  encode_operators(rule, out);
  return out;
}

Json encode_custom(const Rule& rule) {
  Json out = Json::object({{"aggregationThresholds", encode_constraints(rule)},
                           {"allowedAnalyses", texts(rule.analyses)},
                           {"allowedAnalysisProviders", texts(rule.analysis_providers)},
                           {"disallowedOutputColumns", texts(rule.disallowed_outputs)}});
  if (rule.needs_noise) out.set("differentialPrivacy", true);
  return out;
}

// Present only where they say something.
void encode_controls(const Rule& rule, Json& out) {
  out.set("additionalAnalyses", kAdditional[static_cast<std::size_t>(rule.additional_analyses)]);
  if (rule.comparisons) {
    out.set("comparisonControls",
            Json::object(
                {{"allowedColumnComparisonColumns", texts(rule.comparisons->column_columns)},
                 {"allowedLiteralComparisonColumns", texts(rule.comparisons->literal_columns)}}));
  }
  if (rule.result_receivers) out.set("allowedResultReceivers", texts(*rule.result_receivers));
  if (!rule.access_budget.empty()) out.set("accessBudget", encode_rations(rule.access_budget));
  if (rule.derived_hours == 0) return;
  out.set("derivedTables", Json::object({{"retentionHours", std::int64_t{rule.derived_hours}}}));
}

Result<AggregateColumns> decode_aggregate(const Json& json) {
  Fields fields(json, kMalformed);
  AggregateColumns out;
  out.columns = take_texts(fields, "columnNames", kColumnsMax);
  const auto function = aggregate_function_from(fields.text("function"));
  GBX_TRY(fields.finish());
  if (!function) return wrong("policy_aggregate_function_unknown");
  out.function = *function;
  return out;
}

Result<OutputConstraint> decode_constraint(const Json& json) {
  Fields fields(json, kMalformed);
  OutputConstraint out;
  out.column = fields.text("columnName");
  out.minimum = fields.integer("minimum", 0, Json::kIntegerMax);
  const std::string type = fields.text("type");
  GBX_TRY(fields.finish());
  if (type != "COUNT_DISTINCT") return wrong("policy_constraint_type");
  return out;
}

Status decode_constraints(const Json::Array& items, Rule& out) {
  for (const Json& item : items) {
    GBX_TRY_ASSIGN(OutputConstraint entry, decode_constraint(item));
    out.output_constraints.push_back(std::move(entry));
  }
  return {};
}

Result<JoinOperators> decode_operators(const Json& json) {
  JoinOperators out;
  if (json.array() == nullptr || json.array()->size() > 2) return wrong(kMalformed);
  for (const Json& item : *json.array()) {
    const std::string* word = item.string();
    const bool is_and = word != nullptr && *word == "AND" && !out.logical_and && !out.logical_or;
    const bool is_or = word != nullptr && *word == "OR" && !out.logical_or;
    if (!is_and && !is_or) return wrong("policy_join_operator_unknown");
    out.logical_and = out.logical_and || is_and;
    out.logical_or = out.logical_or || is_or;
  }
  return out;
}

Result<ComparisonControls> decode_comparisons(const Json& json) {
  Fields fields(json, kMalformed);
  ComparisonControls out;
  out.column_columns = take_texts(fields, "allowedColumnComparisonColumns", kColumnsMax);
  out.literal_columns = take_texts(fields, "allowedLiteralComparisonColumns", kColumnsMax);
  GBX_TRY(fields.finish());
  return out;
}

// The unit says which accounting it is.
Result<privacy::Ration> decode_ration(const Json& json) {
  Fields fields(json, kMalformed);
  privacy::Ration out;
  for (const privacy::Accounting accounting : privacy::kAccountings) {
    if (json.find(loss_name(accounting)) != nullptr) out.accounting = accounting;
  }
  out.loss = packet::take_loss(fields, out.accounting, std::string(loss_name(out.accounting)));
  const auto window = privacy::window_from(fields.text("window"));
  GBX_TRY(fields.finish());
  if (!window) return wrong("policy_ration_malformed");
  out.window = *window;
  return out;
}

Result<std::uint32_t> decode_derived(const Json& json) {
  Fields fields(json, kMalformed);
  const std::int64_t hours = fields.integer("retentionHours", 1, kDerivedHoursMax);
  GBX_TRY(fields.finish());
  return static_cast<std::uint32_t>(hours);
}

// What both kinds of rules may say.
struct Controls {
  std::string additional;
  const Json* comparisons = nullptr;
  const Json* access = nullptr;
  const Json* derived = nullptr;
  bool has_receivers = false;
  std::vector<std::string> receivers;

  Controls(const Json& json, Fields& fields)
      : additional(fields.text("additionalAnalyses")),
        comparisons(fields.optional("comparisonControls")),
        access(fields.optional("accessBudget")),
        derived(fields.optional("derivedTables")),
        has_receivers(json.find("allowedResultReceivers") != nullptr) {
    if (has_receivers) receivers = take_texts(fields, "allowedResultReceivers", kMembersMax);
  }

  Status decode(Rule& out) {
    const auto found = std::find(kAdditional.begin(), kAdditional.end(), additional);
    if (found == kAdditional.end()) return wrong("policy_additional_analyses");
    out.additional_analyses = static_cast<AdditionalAnalyses>(found - kAdditional.begin());
    if (comparisons != nullptr) {
      GBX_TRY_ASSIGN(out.comparisons, decode_comparisons(*comparisons));
    }
    if (has_receivers) out.result_receivers = std::move(receivers);
    if (access != nullptr) {
      GBX_TRY_ASSIGN(out.access_budget, decode_rations(*access));
    }
    if (derived != nullptr) {
      GBX_TRY_ASSIGN(out.derived_hours, decode_derived(*derived));
    }
    return {};
  }
};

Result<Rule> decode_aggregation(const Json& json) {
  Fields fields(json, kMalformed);
  Rule out;
  Controls controls(json, fields);
  const Json::Array& aggregates = fields.array("aggregateColumns", kColumnsMax);
  const Json::Array& constraints = fields.array("outputConstraints", kColumnsMax);
  out.dimension_columns = take_texts(fields, "dimensionColumns", kColumnsMax);
  out.join_columns = take_texts(fields, "joinColumns", kColumnsMax);
  out.scalar_functions = take_texts(fields, "scalarFunctions", kColumnsMax);
  const Json* required = fields.optional("joinRequired");
  const Json* operators = fields.optional("allowedJoinOperators");
  GBX_TRY(fields.finish());
  GBX_TRY(controls.decode(out));
  if (required != nullptr) {
    if (required->string() == nullptr || *required->string() != "QUERY_RUNNER") {
      return wrong("policy_join_required_unknown");
    }
    out.join_required = true;
  }
  if (operators != nullptr) {
    GBX_TRY_ASSIGN(out.join_operators, decode_operators(*operators));
  }
  for (const Json& item : aggregates) {
    GBX_TRY_ASSIGN(AggregateColumns entry, decode_aggregate(item));
    out.aggregate_columns.push_back(std::move(entry));
  }
  GBX_TRY(decode_constraints(constraints, out));
  return out;
}

Result<Rule> decode_custom(const Json& json) {
  Fields fields(json, kMalformed);
  Rule out;
  out.kind = RuleKind::custom;
  Controls controls(json, fields);
  const Json::Array& constraints = fields.array("aggregationThresholds", kColumnsMax);
  out.analyses = take_texts(fields, "allowedAnalyses", kColumnsMax);
  out.analysis_providers = take_texts(fields, "allowedAnalysisProviders", kMembersMax);
  out.disallowed_outputs = take_texts(fields, "disallowedOutputColumns", kColumnsMax);
  out.needs_noise = json.find("differentialPrivacy") != nullptr;
  if (out.needs_noise && !fields.boolean("differentialPrivacy")) fields.fail();
  GBX_TRY(fields.finish());
  GBX_TRY(controls.decode(out));
  GBX_TRY(decode_constraints(constraints, out));
  return out;
}

// The smallest size is about the table's persons: `join_columns`, which check_rule() holds to it.
Result<Rule> decode_list(const Json& json) {
  Fields fields(json, kMalformed);
  Rule out;
  out.kind = RuleKind::list;
  Controls controls(json, fields);
  out.join_columns = take_texts(fields, "joinColumns", kColumnsMax);
  out.list_columns = take_texts(fields, "listColumns", kColumnsMax);
  const std::int64_t minimum = fields.integer("minimumAudience", 0, Json::kIntegerMax);
  const Json* operators = fields.optional("allowedJoinOperators");
  GBX_TRY(fields.finish());
  GBX_TRY(controls.decode(out));
  if (operators != nullptr) {
    GBX_TRY_ASSIGN(out.join_operators, decode_operators(*operators));
  }
  if (out.join_columns.empty()) return wrong("policy_list_not_joined");
  out.output_constraints = {{out.join_columns.front(), minimum}};
  return out;
}

constexpr std::array<std::string_view, 3> kRuleKinds = {"aggregation", "custom", "list"};

}  // namespace

Json encode_rations(const std::vector<privacy::Ration>& rations) {
  Json out{Json::Array()};
  for (const privacy::Ration& ration : rations) {
    out.push(Json::object(
        {{std::string(loss_name(ration.accounting)), format_loss(ration.accounting, ration.loss)},
         {"window", window_name(ration.window)}}));
  }
  return out;
}

Result<std::vector<privacy::Ration>> decode_rations(const Json& json) {
  std::vector<privacy::Ration> out;
  if (json.array() == nullptr) return wrong(kMalformed);
  if (json.array()->empty() || json.array()->size() > privacy::kWindows) {
    return wrong("policy_ration_malformed");
  }
  for (const Json& item : *json.array()) {
    GBX_TRY_ASSIGN(const privacy::Ration ration, decode_ration(item));
    out.push_back(ration);
  }
  return out;
}

std::vector<std::string> take_texts(Fields& fields, std::string_view key, std::size_t count_max) {
  std::vector<std::string> out;
  for (const Json& item : fields.array(key, count_max)) {
    const std::string* text = item.string();
    if (text == nullptr) fields.fail();
    out.push_back(text == nullptr ? std::string() : *text);
  }
  return out;
}

Json texts(const std::vector<std::string>& values) {
  Json::Array out;
  for (const std::string& value : values) out.emplace_back(value);
  return Json(std::move(out));
}

std::string_view rule_kind_name(RuleKind kind) {
  return kRuleKinds[static_cast<std::size_t>(kind)];
}

Json encode_rule(const Rule& rule) {
  Json out = rule.kind == RuleKind::custom ? encode_custom(rule)
             : rule.kind == RuleKind::list ? encode_list(rule)
                                           : encode_aggregation(rule);
  encode_controls(rule, out);
  return Json::object({{std::string(rule_kind_name(rule.kind)), std::move(out)}});
}

Result<Rule> decode_rule(const Json& json) {
  Fields outer(json, "policy_rule_kind_unknown");
  const bool custom = json.find("custom") != nullptr;
  const bool list = json.find("list") != nullptr;
  const Json& body = outer.object(custom ? "custom" : list ? "list" : "aggregation");
  GBX_TRY(outer.finish());
  if (custom) return decode_custom(body);
  return list ? decode_list(body) : decode_aggregation(body);
}

}  // namespace gbx::policy
