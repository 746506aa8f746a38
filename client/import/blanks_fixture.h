#pragma once

// Tests only: fills the blanks of a draft, and builds it.

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "client/policy/collaboration.h"
#include "trusted/crypto/entropy.h"

namespace gbx::client {

inline std::set<std::string> blanks_of(const std::string& yaml) {
  std::set<std::string> out;
  for (std::size_t at = 0; (at = yaml.find("FILL_IN_", at)) != std::string::npos;) {
    std::size_t end = at;
    while (std::isalnum(static_cast<unsigned char>(yaml[end])) != 0 || yaml[end] == '_') end++;
    out.insert(yaml.substr(at, end - at));
    at = end;
  }
  return out;
}

inline std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

inline bool ends(const std::string& text, const std::string& with) {
  return text.size() >= with.size() &&
         text.compare(text.size() - with.size(), with.size(), with) == 0;
}

inline std::string filling(const std::string& blank) {
  const std::map<std::string, std::string> fillings = {{"FILL_IN_expires", "2035-12-31"},
                                                       {"FILL_IN_owner", "shopgood"},
                                                       {"FILL_IN_asker", "newsnow"},
                                                       {"FILL_IN_k", "50"},
                                                       {"FILL_IN_epsilon", "\"3\""},
                                                       {"FILL_IN_epsilon_per_query", "\"0.1\""},
                                                       {"FILL_IN_delta", "\"1e-6\""},
                                                       {"FILL_IN_assurance", "INSECURE-SIM"},
                                                       {"FILL_IN_rows", "5"},
                                                       {"FILL_IN_image", std::string(64, '0')}};
  if (fillings.contains(blank)) return fillings.find(blank)->second;
  if (ends(blank, "_owner")) return "shopgood";
  if (ends(blank, "_identifier")) return "email";
  if (ends(blank, "_type")) return "text";
  if (ends(blank, "_low")) return "0";
  return ends(blank, "_high") ? "100" : "?";
}

// Longest first, so that no blank is the beginning of another.
inline std::string filled(std::string yaml, const std::set<std::string>& blanks,
                          const std::string& but) {
  std::vector<std::string> sorted(blanks.begin(), blanks.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const std::string& blank : sorted) {
    yaml = replaced(yaml, blank, blank == but ? "@" : filling(blank));
  }
  return replaced(yaml, "@", but);
}

inline policy::Policy build(const std::string& yaml) {
  crypto::SystemEntropy entropy;
  BuildOptions options;
  options.rehearsal = true;
  return parse_collaboration(yaml, "draft.yaml", options, entropy);
}

}  // namespace gbx::client
