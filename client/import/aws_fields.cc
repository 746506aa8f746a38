#include "client/import/aws_fields.h"

#include <algorithm>
#include <array>
#include <set>

namespace gbx::client {
namespace {

using enum AwsFate;

constexpr std::string_view kTrust = "what the room's machine must prove, and who must have signed";
constexpr std::string_view kContribution = "how much of one person counts";
constexpr std::string_view kDifferencing = "questions that differ by a narrow condition";
constexpr std::string_view kRations = "what a member's questions may cost in all";
constexpr std::string_view kComparisons = "which columns conditions may compare";
constexpr std::string_view kDerived = "derived tables that members define for a while";
constexpr std::string_view kLeast = "the least size of a list: AWS shows lists of one person";
constexpr std::string_view kLimits = "limits of rows, time and memory";
constexpr std::string_view kTemplates =
    "templates: make them with create-analysis-template, and put their ARNs into allowedAnalyses";

constexpr std::array kFields = {
    AwsField{"expires", weakened, "expires", "the last day: an AWS collaboration does not end"},
    AwsField{"format"},
    AwsField{"id"},
    AwsField{"limits/memory_mib", left_out, "", kLimits},
    AwsField{"limits/result_rows", left_out, "", kLimits},
    AwsField{"limits/rows", left_out, "", kLimits},
    AwsField{"limits/seconds", left_out, "", kLimits},
    AwsField{"members/*/abilities", written},
    AwsField{"members/*/name"},
    AwsField{"members/*/ration/*/epsilon", weakened, "budget", kRations},
    AwsField{"members/*/ration/*/queries", weakened, "budget", kRations},
    AwsField{"members/*/ration/*/rho", weakened, "budget", kRations},
    AwsField{"members/*/ration/*/window"},
    AwsField{"members/*/sealing_key"},
    AwsField{"members/*/signing_key", weakened, "trust", kTrust},
    AwsField{"name"},
    AwsField{"previous"},
    AwsField{"privacy/accounting", written},
    AwsField{"privacy/delta_2_60", written},
    AwsField{"privacy/delta_per_query_2_60", written},
    AwsField{"privacy/differencing/near", weakened, "differencing", kDifferencing},
    AwsField{"privacy/differencing/percent", weakened, "differencing", kDifferencing},
    AwsField{"privacy/differencing/values", weakened, "differencing", kDifferencing},
    AwsField{"privacy/epsilon", written},
    AwsField{"privacy/epsilon_per_query", written},
    AwsField{"privacy/groups_per_person", weakened, "contribution", kContribution},
    AwsField{"privacy/k", written},
    AwsField{"privacy/noise", written},
    AwsField{"privacy/open_rows", written},
    AwsField{"privacy/outer_joins", left_out, "", "outer joins at twice the noise"},
    AwsField{"privacy/queries", written},
    AwsField{"privacy/rows_per_group", weakened, "contribution", kContribution},
    AwsField{"privacy/selection", written},
    AwsField{"privacy/threshold_only"},
    AwsField{"tables/*/columns/*/bounds", weakened, "contribution", kContribution},
    AwsField{"tables/*/columns/*/domain"},
    AwsField{"tables/*/columns/*/label", written},
    AwsField{"tables/*/columns/*/name"},
    AwsField{"tables/*/columns/*/nullable"},
    AwsField{"tables/*/columns/*/scale"},
    AwsField{"tables/*/columns/*/type"},
    AwsField{"tables/*/identifier"},
    AwsField{"tables/*/name"},
    AwsField{"tables/*/owner"},
    AwsField{"tables/*/person", written},
    AwsField{"tables/*/row_filter/**", weakened, "row_filter",
             "the row filter: rows that it hides are there, unless the table in AWS is made of a "
             "view that has its condition"},
    AwsField{"tables/*/rows_per_person", weakened, "contribution", kContribution},
    AwsField{"tables/*/rule/aggregation/accessBudget/*/epsilon", written},
    AwsField{"tables/*/rule/aggregation/accessBudget/*/queries", written},
    AwsField{"tables/*/rule/aggregation/accessBudget/*/rho", written},
    AwsField{"tables/*/rule/aggregation/accessBudget/*/window", written},
    AwsField{"tables/*/rule/aggregation/additionalAnalyses", written},
    AwsField{"tables/*/rule/aggregation/aggregateColumns/*/columnNames", written},
    AwsField{"tables/*/rule/aggregation/aggregateColumns/*/function", written},
    AwsField{"tables/*/rule/aggregation/allowedJoinOperators", written},
    AwsField{"tables/*/rule/aggregation/allowedResultReceivers", written},
    AwsField{"tables/*/rule/aggregation/comparisonControls/allowedColumnComparisonColumns",
             weakened, "comparisonControls", kComparisons},
    AwsField{"tables/*/rule/aggregation/comparisonControls/allowedLiteralComparisonColumns",
             weakened, "comparisonControls", kComparisons},
    AwsField{"tables/*/rule/aggregation/derivedTables/retentionHours", left_out, "", kDerived},
    AwsField{"tables/*/rule/aggregation/dimensionColumns", written},
    AwsField{"tables/*/rule/aggregation/joinColumns", written},
    AwsField{"tables/*/rule/aggregation/joinRequired", written},
    AwsField{"tables/*/rule/aggregation/outputConstraints/*/columnName", written},
    AwsField{"tables/*/rule/aggregation/outputConstraints/*/minimum", written},
    AwsField{"tables/*/rule/aggregation/outputConstraints/*/type", written},
    AwsField{"tables/*/rule/aggregation/scalarFunctions", written},
    AwsField{"tables/*/rule/custom/accessBudget/*/epsilon", written},
    AwsField{"tables/*/rule/custom/accessBudget/*/queries", written},
    AwsField{"tables/*/rule/custom/accessBudget/*/rho", written},
    AwsField{"tables/*/rule/custom/accessBudget/*/window", written},
    AwsField{"tables/*/rule/custom/additionalAnalyses", written},
    AwsField{"tables/*/rule/custom/aggregationThresholds/*/columnName", written},
    AwsField{"tables/*/rule/custom/aggregationThresholds/*/minimum", written},
    AwsField{"tables/*/rule/custom/aggregationThresholds/*/type", written},
    AwsField{"tables/*/rule/custom/allowedAnalyses", written},
    AwsField{"tables/*/rule/custom/allowedAnalysisProviders", written},
    AwsField{"tables/*/rule/custom/allowedResultReceivers", written},
    AwsField{"tables/*/rule/custom/comparisonControls/allowedColumnComparisonColumns", written},
    AwsField{"tables/*/rule/custom/comparisonControls/allowedLiteralComparisonColumns", written},
    AwsField{"tables/*/rule/custom/derivedTables/retentionHours", left_out, "", kDerived},
    AwsField{"tables/*/rule/custom/differentialPrivacy", written},
    AwsField{"tables/*/rule/custom/disallowedOutputColumns", written},
    AwsField{"tables/*/rule/list/accessBudget/*/epsilon", written},
    AwsField{"tables/*/rule/list/accessBudget/*/queries", written},
    AwsField{"tables/*/rule/list/accessBudget/*/rho", written},
    AwsField{"tables/*/rule/list/accessBudget/*/window", written},
    AwsField{"tables/*/rule/list/additionalAnalyses", written},
    AwsField{"tables/*/rule/list/allowedJoinOperators", written},
    AwsField{"tables/*/rule/list/allowedResultReceivers", written},
    AwsField{"tables/*/rule/list/comparisonControls/allowedColumnComparisonColumns", weakened,
             "comparisonControls", kComparisons},
    AwsField{"tables/*/rule/list/comparisonControls/allowedLiteralComparisonColumns", weakened,
             "comparisonControls", kComparisons},
    AwsField{"tables/*/rule/list/joinColumns", written},
    AwsField{"tables/*/rule/list/listColumns", written},
    AwsField{"tables/*/rule/list/minimumAudience", weakened, "k", kLeast},
    AwsField{"templates/**", left_out, "", kTemplates},
    AwsField{"token_epoch"},
    AwsField{"trust/**", weakened, "trust", kTrust},
    AwsField{"version"},
};

bool covers(std::string_view pattern, std::string_view path) {
  if (pattern == path) return true;
  if (pattern.substr(pattern.size() - 2) != "**") return false;
  const std::string_view above = pattern.substr(0, pattern.size() - 3);
  return path == above || path.substr(0, above.size() + 1) == pattern.substr(0, above.size() + 1);
}

void walk(const Json& json, const std::string& path, std::vector<std::string>& out) {
  const std::string below = path.empty() ? "" : path + "/";
  if (json.object() != nullptr) {
    for (const Json::Member& member : *json.object())
      walk(member.second, below + member.first, out);
    return;
  }
  bool deeper = false;
  if (json.array() != nullptr) {
    for (const Json& item : *json.array()) {
      if (item.object() == nullptr) continue;
      deeper = true;
      walk(item, below + "*", out);
    }
  }
  if (!deeper && std::find(out.begin(), out.end(), path) == out.end()) out.push_back(path);
}

}  // namespace

std::span<const AwsField> aws_fields() { return kFields; }

const AwsField* find_aws_field(std::string_view path) {
  for (const AwsField& field : kFields) {
    // An empty list stands for the members of its items.
    const bool empty_list = field.path.substr(0, path.size() + 3) == std::string(path) + "/*/";
    if (covers(field.path, path) || empty_list) return &field;
  }
  return nullptr;
}

std::vector<std::string> aws_accept_words() {
  // What the exporter itself asks for, beside the fields'.
  std::set<std::string> out = {"accessBudget", "joins", "k", "noise"};
  for (const AwsField& field : kFields) {
    if (!field.accept.empty()) out.emplace(field.accept);
  }
  return {out.begin(), out.end()};
}

std::vector<std::string> paths_of(const Json& json) {
  std::vector<std::string> out;
  walk(json, "", out);
  return out;
}

}  // namespace gbx::client
