#pragma once

// What rooms would say to a template before anybody asks it: it is checked with its defaults and
// with each value at the ends of what its parameters allow. Needs no room, no data and no
// approvals.

#include "client/query/static_check.h"

namespace gbx::client {

constexpr std::size_t kTrialsOfParameterMax = 64;

struct TemplateTrial {
  packet::TemplateCall call;
  Verdict verdict;
};

struct TemplateReport {
  std::string name;
  // The first has every default, or else the least value; of the others each has one parameter
  // elsewhere: at the ends of its range, or at each allowed value (the first of many).
  std::vector<TemplateTrial> trials;
  // Owners of tables that accepted trials read and who have not approved it, by name.
  std::vector<std::string> missing;
  [[nodiscard]] bool accepted() const;
};

// Of every template of the policy, or of the one of that name; as `member` would ask. Fails with
// unavailable ("engine_failed") when there is no parser.
Result<std::vector<TemplateReport>> try_templates(const policy::Policy& policy,
                                                  const std::string& member,
                                                  const std::string& only = "");

}  // namespace gbx::client
