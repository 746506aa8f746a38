#include "client/query/template_trials.h"

#include <algorithm>

#include "client/policy/rehearsal.h"

namespace gbx::client {
namespace {

// Of an ordered parameter the ends of its range; else what is allowed.
std::vector<Cell> values_of(const policy::Parameter& parameter) {
  if (parameter.range) return {parameter.range->low, parameter.range->high};
  std::vector<Cell> out = parameter.allowed;
  if (out.size() > kTrialsOfParameterMax) out.resize(kTrialsOfParameterMax);
  return out;
}

std::vector<packet::TemplateCall> calls_of(const policy::Template& entry) {
  packet::TemplateCall first{entry.name, entry.version, policy::template_digest(entry), {}};
  for (const policy::Parameter& parameter : entry.parameters) {
    const Cell value = parameter.fallback ? *parameter.fallback : values_of(parameter).front();
    first.arguments.push_back({parameter.name, policy::print_parameter(parameter, value)});
  }
  std::vector<packet::TemplateCall> out = {first};
  for (std::size_t i = 0; i < entry.parameters.size(); i++) {
    for (const Cell& value : values_of(entry.parameters[i])) {
      packet::TemplateCall call = first;
      call.arguments[i].value = policy::print_parameter(entry.parameters[i], value);
      if (std::find(out.begin(), out.end(), call) == out.end()) out.push_back(std::move(call));
    }
  }
  return out;
}

// Everybody approves: whether they do is told beside the verdict.
policy::Policy approved(policy::Policy policy) {
  for (policy::Template& entry : policy.templates) {
    const Hash digest = policy::template_digest(entry);
    entry.approved_by.clear();
    for (const policy::Member& member : policy.members) {
      entry.approved_by.push_back({member.name, digest});
    }
  }
  return policy;
}

std::vector<std::string> missing_owners(const policy::Policy& policy, const policy::Template& entry,
                                        const std::vector<TemplateTrial>& trials) {
  std::vector<std::string> out;
  for (const TemplateTrial& trial : trials) {
    for (const std::string& name : trial.verdict.tables) {
      const policy::Table* table = policy.find_table(name);
      if (table != nullptr) out.push_back(table->owner);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  std::erase_if(out, [&](const std::string& owner) {
    return std::any_of(entry.approved_by.begin(), entry.approved_by.end(),
                       [&](const policy::Approval& one) { return one.member == owner; });
  });
  return out;
}

}  // namespace

bool TemplateReport::accepted() const {
  return missing.empty() && std::all_of(trials.begin(), trials.end(),
                                        [](const auto& trial) { return trial.verdict.accepted; });
}

Result<std::vector<TemplateReport>> try_templates(const policy::Policy& policy,
                                                  const std::string& member,
                                                  const std::string& only) {
  GBX_TRY_ASSIGN(const StaticCheck checker, StaticCheck::make(rehearse(approved(policy))));
  std::vector<TemplateReport> out;
  for (const policy::Template& entry : policy.templates) {
    if (!only.empty() && entry.name != only) continue;
    TemplateReport report{.name = entry.name, .trials = {}, .missing = {}};
    for (packet::TemplateCall& call : calls_of(entry)) {
      Verdict verdict = checker.check(call, member);
      report.trials.push_back({std::move(call), std::move(verdict)});
    }
    report.missing = missing_owners(policy, entry, report.trials);
    out.push_back(std::move(report));
  }
  return out;
}

}  // namespace gbx::client
