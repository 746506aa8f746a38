#include "cli/template_view.h"

#include <algorithm>
#include <iostream>

#include "cli/mistakes.h"
#include "client/policy/template_text.h"

namespace gbx::cli {
namespace {

const std::string& sql_of(const client::TemplateReport& report, const policy::Policy& policy) {
  return policy.find_template(report.name)->sql;
}

client::RefusalText words_of(const client::Verdict& verdict, const std::string& sql,
                             const policy::Policy& policy) {
  return client::explain_refusal({verdict.code, verdict.reason, verdict.where}, sql, &policy);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string refusal_text(const client::TemplateTrial& trial, const std::string& sql,
                         const policy::Policy& policy) {
  const client::RefusalText text = words_of(trial.verdict, sql, policy);
  std::string out = "\n  " + text.what + "\n  asked: " + client::call_text(trial.call);
  if (!text.where.empty()) out += "\n" + text.where;
  return out + "\n  why:   " + text.why + "\n  next:  " + text.next;
}

Json trial_json(const client::TemplateTrial& trial, const std::string& sql,
                const policy::Policy& policy) {
  const client::Verdict& verdict = trial.verdict;
  Json out = Json::object({{"parameters", *packet::encode(trial.call).find("parameters")},
                           {"verdict", verdict.accepted ? "accepted" : "refused"}});
  if (verdict.accepted) {
    out.set("canonical", verdict.canonical);
    out.set("path", verdict.path);
    return out;
  }
  const client::RefusalText text = words_of(verdict, sql, policy);
  out.set("code", error_code_name(verdict.code));
  out.set("reason", verdict.reason);
  out.set("why", text.why);
  out.set("next", text.next);
  return out;
}

}  // namespace

std::string report_text(const client::TemplateReport& report, const policy::Policy& policy) {
  const policy::Template& entry = *policy.find_template(report.name);
  std::string out = report.name + ", version " + std::to_string(entry.version) + ": ";
  const auto refused = static_cast<std::size_t>(
      std::count_if(report.trials.begin(), report.trials.end(),
                    [](const auto& trial) { return !trial.verdict.accepted; }));
  const std::size_t all = report.trials.size();
  out +=
      std::to_string(all - refused) + " of " + std::to_string(all) + " ways to ask it are accepted";
  const auto first = std::find_if(report.trials.begin(), report.trials.end(),
                                  [](const auto& trial) { return !trial.verdict.accepted; });
  if (first != report.trials.end()) out += refusal_text(*first, sql_of(report, policy), policy);
  if (report.missing.empty()) return out;
  out += "\n  not approved by " + joined(report.missing) +
         ": a room refuses it. Whoever approves "
         "writes in collaboration.yaml\n    approved_by: {";
  const std::string digest = to_hex(policy::template_digest(entry));
  for (std::size_t i = 0; i < report.missing.size(); i++) {
    out += (i == 0 ? "" : ", ") + report.missing[i] + ": " + digest;
  }
  return out + "}";
}

Json report_json(const client::TemplateReport& report, const policy::Policy& policy) {
  const policy::Template& entry = *policy.find_template(report.name);
  Json missing{Json::Array()};
  for (const std::string& owner : report.missing) missing.push(owner);
  Json trials{Json::Array()};
  for (const client::TemplateTrial& trial : report.trials) {
    trials.push(trial_json(trial, entry.sql, policy));
  }
  return Json::object({{"digest", to_hex(policy::template_digest(entry))},
                       {"not_approved_by", std::move(missing)},
                       {"template", report.name},
                       {"trials", std::move(trials)},
                       {"verdict", report.accepted() ? "accepted" : "refused"},
                       {"version", std::int64_t{entry.version}}});
}

Json template_json(const policy::Template& entry) {
  Json out = policy::encode_template(entry);
  out.set("digest", to_hex(policy::template_digest(entry)));
  return out;
}

std::string asking_member(const std::string& named, const std::string& file,
                          const policy::Policy& policy) {
  std::string may;
  for (const policy::Member& member : policy.members) {
    if (named == member.name) return member.name;
    if (!member.abilities.query) continue;
    if (named.empty()) return member.name;
    may += (may.empty() ? "" : ", ") + member.name;
  }
  throw Failure(
      "nothing was checked", file,
      named.empty() ? "the policy lets no member ask" : "it has no member \"" + named + "\"",
      named.empty() ? "give a member the ability query" : "these may ask: " + may);
}

std::size_t check_templates(const Console& console, const policy::Policy& policy,
                            const std::string& member, const std::string& only) {
  const auto reports = client::try_templates(policy, member, only);
  if (!reports) throw failure_in_words("nothing was checked", "", reports.error());
  std::size_t refused = 0;
  for (const client::TemplateReport& report : *reports) {
    if (!report.accepted()) refused++;
    console.say(report_text(report, policy));
    if (console.json) std::cout << report_json(report, policy).canonical() << "\n";
  }
  return refused;
}

}  // namespace gbx::cli
