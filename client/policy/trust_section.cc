#include "client/policy/trust_section.h"

#include <algorithm>
#include <charconv>

#include "client/policy/wording.h"

namespace gbx::client {
namespace {

// The members of a trust policy that are no text; in YAML a word of digits could be either.
constexpr std::string_view kIntegers[] = {"bootloader",    "collateral_age_max_s",
                                          "crl_age_max_s", "family",
                                          "fmc",           "index",
                                          "isv_prod_id",   "isv_svn_min",
                                          "microcode",     "model_max",
                                          "model_min",     "min_tcb_evaluation_data_number",
                                          "selection",     "snp",
                                          "tee",           "vmpl"};
constexpr std::string_view kBooleans[] = {"allow_console", "require_crl", "require_event_log"};
constexpr std::size_t kDigestDigits = 64;

template <std::size_t N>
bool is_one_of(const std::string_view (&words)[N], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

Json integer_of(const YamlFile& file, const YAML::Node& node) {
  const std::string& word = node.Scalar();
  std::int64_t value = 0;
  const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end.ec != std::errc() || end.ptr != word.data() + word.size()) {
    file.fail(node, "this is no whole number", "write digits only");
  }
  return value;
}

Json boolean_of(const YamlFile& file, const YAML::Node& node) {
  const std::string& word = node.Scalar();
  if (word != "true" && word != "false") {
    file.fail(node, "this is neither true nor false", "write true or false");
  }
  return word == "true";
}

// Of one file, for one reading.
struct Reading {
  const YamlFile* file;
  bool rehearsal;

  [[nodiscard]] Json digest_of(const YAML::Node& node) const {
    const auto bytes = from_hex(node.Scalar());
    if (bytes && bytes->size() * 2 == kDigestDigits) return node.Scalar();
    if (!rehearsal) {
      file->fail(node, "this is no image digest", "write the 64 hex digits of `glovebox measure`");
    }
    return std::string(kDigestDigits, '0');
  }

  [[nodiscard]] Json scalar_of(const YAML::Node& node, const std::string& key) const {
    if (is_one_of(kIntegers, key)) return integer_of(*file, node);
    if (is_one_of(kBooleans, key)) return boolean_of(*file, node);
    if (key == "image_digest" || key == "images") return digest_of(node);
    return node.Scalar();
  }

  // The same value as JSON. `key` is the nearest name above it.
  [[nodiscard]] Json json_of(const YAML::Node& node, const std::string& key) const {
    if (node.IsNull()) return {};
    if (node.IsScalar()) return scalar_of(node, key);
    if (node.IsSequence()) {
      Json::Array out;
      for (const YAML::Node& item : node) out.push_back(json_of(item, key));
      return out;
    }
    Json out = Json::object({});
    for (const auto& [name, value] : named_entries(*file, node, key)) {
      out.set(name.Scalar(), json_of(value, name.Scalar()));
    }
    return out;
  }
};

std::string assurance_of(const YamlFile& file, const YamlSection& section) {
  std::string word = section.text("min_assurance");
  if (attest::assurance_from(word)) return word;
  std::vector<std::string> known;
  std::string list;
  for (const attest::Assurance one : attest::kAssurances) {
    known.emplace_back(attest::assurance_word(one));
    list += (list.empty() ? "" : ", ") + known.back();
  }
  const std::string near = nearest_word(word, known);
  file.fail(section.at("min_assurance"), "\"" + word + "\" is no assurance word",
            near.empty() ? "use one of " + list : "did you mean \"" + near + "\"?");
}

// All but `platforms`.
Json header_of(const YamlFile& file, const YamlSection& section) {
  const auto age = [&](const char* key, std::int64_t otherwise) {
    return section.has(key) ? section.integer(key, 1, Json::kIntegerMax) : otherwise;
  };
  Json::Array revoked;
  if (section.has("revoked_certificates")) {
    for (const YAML::Node& item : section.list("revoked_certificates")) {
      revoked.emplace_back(item.Scalar());
    }
  }
  return Json::object({{"collateral_age_max_s", age("collateral_age_max_s", kCollateralAgeMaxS)},
                       {"crl_age_max_s", age("crl_age_max_s", kCrlAgeMaxS)},
                       {"min_assurance", assurance_of(file, section)},
                       {"revoked_certificates", Json(std::move(revoked))},
                       {"version", 1}});
}

}  // namespace

attest::TrustPolicy read_trust(const YamlFile& file, const YAML::Node& node, bool rehearsal) {
  std::vector<std::string> keys{"min_assurance", "collateral_age_max_s",
                                "crl_age_max_s", "revoked_certificates",
                                "builders",      "image_log"};
  for (const attest::Platform platform : attest::kPlatforms) {
    keys.emplace_back(attest::platform_name(platform));
  }
  const YamlSection section(file, node, "trust", keys);
  const Reading reading{&file, rehearsal};
  const Json header = header_of(file, section);
  const auto with = [&](const Json& platforms) {
    Json json = header;
    return attest::decode_trust_policy(json.set("platforms", platforms));
  };
  const std::string malformed(find_wording("trust_policy_malformed")->means);
  Json platforms = Json::object({});
  if (!with(platforms)) {
    file.fail(section.at("revoked_certificates"), malformed, "write the SHA-256 of each, in hex");
  }
  for (const attest::Platform platform : attest::kPlatforms) {
    const std::string name(attest::platform_name(platform));
    if (!section.has(name)) continue;
    platforms.set(name, reading.json_of(section.at(name), name));
    if (with(platforms)) continue;
    file.fail(section.at(name), malformed,
              "docs/spec/trust-policy.md has every member of " + name + "; none may be left out");
  }
  Json json = header;
  json.set("platforms", platforms);
  // One after the other, so that a mistake is told at the member that has it.
  for (const std::string name : {"builders", "image_log"}) {
    if (!section.has(name)) continue;
    json.set(name, reading.json_of(section.at(name), name));
    const auto trust = attest::decode_trust_policy(json);
    if (trust) continue;
    const Wording* wording = find_wording(trust.error().reason.view());
    file.fail(section.at(name), std::string(wording == nullptr ? malformed : wording->means),
              std::string(wording == nullptr ? "docs/spec/image-log.md" : wording->next));
  }
  return attest::decode_trust_policy(json).value();
}

}  // namespace gbx::client
