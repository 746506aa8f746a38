#include "client/policy/collaboration.h"

#include <algorithm>

#include "client/keys/atomic_file.h"
#include "client/keys/identity.h"
#include "client/policy/amounts.h"
#include "client/policy/rule_section.h"
#include "client/policy/table_section.h"
#include "client/policy/template_section.h"
#include "client/policy/trust_section.h"
#include "client/policy/wording.h"
#include "client/policy/yaml_section.h"
#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{4} << 20;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kMicrosPerSecond = 1'000'000;

std::string words_of(const Error& error) {
  const Wording* wording = find_wording(error.reason.view());
  return wording == nullptr ? std::string(error.reason.view()) : std::string(wording->means);
}

// --- collaboration ---

std::int64_t read_expiry(const YamlFile& file, const YAML::Node& node) {
  const std::string text = node.IsScalar() ? node.Scalar() : "";
  if (const auto days = parse_date(text)) return (*days + 1) * kSecondsPerDay - 1;
  if (const auto micros = parse_timestamp(text)) return *micros / kMicrosPerSecond;
  file.fail(node, "\"" + text + "\" is no date",
            "write the last day on which the policy holds, as YYYY-MM-DD");
}

std::string fresh_id(Entropy& entropy) {
  std::array<std::uint8_t, 16> bytes{};
  if (!entropy.fill(bytes)) {
    throw Mistake("the policy cannot be built", "", "the machine has no random numbers",
                  "give an id with --id");
  }
  return to_hex(bytes);
}

void read_header(const YamlFile& file, const YAML::Node& node, const BuildOptions& options,
                 policy::Policy& out) {
  const YamlSection section(file, node, "collaboration",
                            {"id", "name", "version", "expires", "token_epoch"});
  out.name = section.text("name");
  out.expires = read_expiry(file, section.at("expires"));
  if (options.previous != nullptr) {
    out.id = options.previous->id;
    out.version = options.previous->version + 1;
    out.previous = options.previous_hash;
    out.token_epoch = options.previous->token_epoch;
  }
  if (section.has("token_epoch")) {
    out.token_epoch = static_cast<std::uint32_t>(section.integer("token_epoch", 1, 0x7fffffff));
  }
  if (section.has("version") && section.integer("version", 1, 0x7fffffff) != out.version) {
    file.fail(section.at("version"), "this would be version " + std::to_string(out.version),
              out.version == 1 ? "give the version before with --previous" : "write that number");
  }
  if (!section.has("id")) return;
  if (!out.id.empty() && section.text("id") != out.id) {
    file.fail(section.at("id"), "the version before has another id", "write its id, or none");
  }
  out.id = section.text("id");
}

// --- members ---

PublicIdentity read_identity(const YamlFile& file, const YAML::Node& node, bool rehearsal) {
  const std::filesystem::path path =
      std::filesystem::path(file.path).parent_path() / (node.IsScalar() ? node.Scalar() : "");
  const auto text = read_file(path, kFileBytesMax);
  if (!text && rehearsal) {
    PublicIdentity nobody;
    nobody.name = path.stem().string();
    // No key may stand twice.
    nobody.signing_key = crypto::sha256(as_bytes("signs " + nobody.name));
    nobody.sealing_key = crypto::sha256(as_bytes("opens " + nobody.name));
    return nobody;
  }
  if (!text) {
    file.fail(node, "cannot read " + path.string() + ": " + words_of(text.error()),
              "ask the member for the file that `glovebox identity export` writes");
  }
  const auto identity = open_identity_packet(*text);
  if (!identity) {
    file.fail(node, path.string() + ": " + words_of(identity.error()),
              "ask the member for the file that `glovebox identity export` writes");
  }
  return *identity;
}

std::array<std::uint8_t, 32> read_key(const YamlFile& file, const YAML::Node& node) {
  const auto bytes = from_hex(node.IsScalar() ? node.Scalar() : "-");
  std::array<std::uint8_t, 32> out{};
  if (!bytes || bytes->size() != out.size()) {
    file.fail(node, "this is no public key", "write 64 hex digits, or identity: FILE.id");
  }
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

policy::Abilities read_abilities(const YamlFile& file, const YamlSection& section) {
  policy::Abilities out;
  const std::vector<std::string> known = {"provide", "query", "receive", "audit", "list"};
  for (const YAML::Node& node : section.list("abilities")) {
    const std::string& word = node.Scalar();
    if (word == "provide") {
      out.provide = true;
    } else if (word == "query") {
      out.query = true;
    } else if (word == "receive") {
      out.receive = true;
    } else if (word == "audit") {
      out.audit = true;
    } else if (word == "list") {
      out.list = true;
    } else {
      const std::string near = nearest_word(word, known);
      file.fail(node, "\"" + word + "\" is no ability",
                near.empty() ? "abilities are provide, query, receive, audit, list"
                             : "did you mean \"" + near + "\"?");
    }
  }
  return out;
}

policy::Member read_member(const YamlFile& file, const YAML::Node& node, bool rehearsal) {
  const YamlSection section(
      file, node, "a member",
      {"name", "identity", "signing_key", "sealing_key", "abilities", "ration"});
  policy::Member out;
  if (section.has("identity")) {
    const PublicIdentity identity = read_identity(file, section.at("identity"), rehearsal);
    out.name = identity.name;
    out.signing_key = identity.signing_key;
    out.sealing_key = identity.sealing_key;
    if (section.has("name") && section.text("name") != out.name) {
      file.fail(section.at("name"), "the identity is of \"" + out.name + "\"",
                "write that name, or check which file you were given");
    }
    if (section.has("signing_key") || section.has("sealing_key")) {
      file.fail(node, "a member has an identity and keys", "keep the identity");
    }
  } else {
    out.name = section.text("name");
    out.signing_key = read_key(file, section.at("signing_key"));
    out.sealing_key = read_key(file, section.at("sealing_key"));
  }
  out.abilities = read_abilities(file, section);
  if (section.has("ration")) out.rations = read_rations(file, section.at("ration"));
  demand(policy::check_member(out), file, node, "member " + out.name);
  return out;
}

void read_members(const YamlFile& file, const YAML::Node& node, bool rehearsal,
                  policy::Policy& out) {
  if (!node.IsSequence()) {
    file.fail(node, "members is no list", "write one \"- identity: FILE.id\" for each member");
  }
  for (const YAML::Node& item : node) {
    policy::Member member = read_member(file, item, rehearsal);
    if (out.find_member(member.name) != nullptr) {
      file.fail(item, "member \"" + member.name + "\" is here twice", "remove one");
    }
    out.members.push_back(std::move(member));
  }
  std::sort(out.members.begin(), out.members.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

// --- privacy, trust, limits ---

std::uint64_t read_epsilon(const YamlFile& file, const YamlSection& section,
                           const std::string& key) {
  const auto value = privacy::parse_epsilon(section.text(key));
  if (!value) {
    file.fail(section.at(key), "\"" + section.text(key) + "\" is no epsilon",
              "write a number such as \"3\" or \"0.1\": at most six digits after the point");
  }
  return *value;
}

std::uint64_t read_delta(const YamlFile& file, const YamlSection& section, const std::string& key) {
  const auto value = privacy::parse_delta(section.text(key));
  if (!value || *value > policy::kDeltaMax) {
    file.fail(section.at(key), "\"" + section.text(key) + "\" is no delta",
              "write a small number such as \"1e-6\"");
  }
  return *value;
}

void read_epsilon_per_query(const YamlFile& file, const YamlSection& dp, policy::Privacy& out) {
  if (dp.has("epsilon_per_query") == dp.has("users_noise")) {
    file.fail(dp.node(), "a query needs one price",
              "write epsilon_per_query: \"0.1\", or users_noise: 30 for noise that hides about 30 "
              "people");
  }
  if (dp.has("epsilon_per_query")) {
    out.epsilon_per_query = read_epsilon(file, dp, "epsilon_per_query");
    return;
  }
  const std::int64_t people = dp.integer("users_noise", 1, policy::kPeopleMinMax);
  const auto epsilon = epsilon_to_hide(people, out);
  if (!epsilon) {
    file.fail(dp.at("users_noise"), "no epsilon gives so little noise", "write a larger number");
  }
  out.epsilon_per_query = *epsilon;
}

// One of `words`; the first when the key is absent.
std::size_t read_word(const YamlFile& file, const YamlSection& section, const std::string& key,
                      const std::vector<std::string>& words) {
  if (!section.has(key)) return 0;
  const std::string word = section.text(key);
  const auto found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string known;
  for (const std::string& other : words) known += (known.empty() ? "" : ", ") + other;
  file.fail(section.at(key), "\"" + word + "\" is no " + key, "write one of: " + known);
}

// What the packet always says; here pure accounting and the noise that it can price by default.
void read_mechanisms(const YamlFile& file, const YamlSection& dp, policy::Privacy& out) {
  const bool zcdp = read_word(file, dp, "accounting", {"pure", "zcdp"}) == 1;
  out.accounting = zcdp ? privacy::Accounting::zcdp : privacy::Accounting::pure;
  const std::size_t noise = read_word(file, dp, "noise", {"best", "laplace", "gaussian"});
  out.laplace = noise != 2;
  out.gaussian = noise == 2 || (noise == 0 && zcdp);
  out.geometric = read_word(file, dp, "selection", {"threshold", "geometric"}) == 1;
  out.open_rows =
      static_cast<privacy::OpenRows>(read_word(file, dp, "open_rows", {"select", "hide", "show"}));
  out.outer_joins = read_word(file, dp, "outer_joins", {"refuse", "doubled"}) == 1;
}

void read_dp(const YamlFile& file, const YamlSection& dp, policy::Privacy& out) {
  read_mechanisms(file, dp, out);
  out.epsilon = read_epsilon(file, dp, "epsilon");
  out.delta = read_delta(file, dp, "delta");
  read_epsilon_per_query(file, dp, out);
  if (dp.has("delta_per_query")) {
    out.delta_per_query = read_delta(file, dp, "delta_per_query");
    return;
  }
  // Delta and the loss run out together.
  const privacy::Price budget = policy::budget_of(out);
  const std::uint64_t price = policy::price_of(out, out.epsilon_per_query).loss;
  const std::uint64_t queries = std::max<std::uint64_t>(1, budget.loss / price);
  out.delta_per_query = std::max<std::uint64_t>(1, budget.delta / queries);
}

// Exact numbers are what somebody has asked for in so many words.
void read_threshold_only(const YamlFile& file, const YamlSection& section, policy::Privacy& out) {
  if (section.text("guarantee") != "none") {
    file.fail(section.at("guarantee"), "a limit on people alone guarantees no privacy",
              "write guarantee: none, or dp: instead of threshold_only:");
  }
  out.accounting = privacy::Accounting::queries;
  out.laplace = false;
  out.queries = static_cast<std::uint64_t>(section.integer("queries", 1, privacy::kQueriesMax));
}

// Near questions are flagged by default; where no noise protects anybody, refused.
policy::Differencing read_differencing(const YamlFile& file, const YamlSection& section,
                                       bool threshold_only) {
  policy::Differencing out{.refuse = threshold_only};
  if (!section.has("differencing")) return out;
  const YamlSection given(file, section.at("differencing"), "differencing",
                          {"near", "values", "percent"});
  if (given.has("near")) out.refuse = read_word(file, given, "near", {"flag", "refuse"}) == 1;
  if (given.has("values")) {
    out.values = static_cast<std::uint32_t>(given.integer("values", 1, policy::kNarrowValuesMax));
  }
  if (given.has("percent")) {
    out.percent = static_cast<std::uint32_t>(given.integer("percent", 1, 100));
  }
  return out;
}

void read_privacy(const YamlFile& file, const YAML::Node& node, policy::Privacy& out) {
  const YamlSection section(file, node, "privacy",
                            {"k", "dp", "threshold_only", "contribution", "differencing"});
  if (section.has("dp") == section.has("threshold_only")) {
    file.fail(node, "privacy is one of two things, and which is not said",
              "write dp: {epsilon: \"3\", ...} for noise that protects each person, or "
              "threshold_only: {guarantee: none, queries: 1000} for exact numbers that only k "
              "withholds, which is not a privacy guarantee");
  }
  out.people_min = section.integer("k", 2, policy::kPeopleMinMax);
  if (section.has("contribution")) {
    const YamlSection bound(file, section.at("contribution"), "contribution", {"groups", "rows"});
    out.groups_per_person =
        static_cast<std::uint32_t>(bound.integer("groups", 1, policy::kGroupsPerPersonMax));
    out.rows_per_group =
        static_cast<std::uint32_t>(bound.integer("rows", 1, policy::kRowsPerGroupMax));
  }
  out.differencing = read_differencing(file, section, section.has("threshold_only"));
  if (section.has("dp")) {
    read_dp(file,
            YamlSection(file, section.at("dp"), "dp",
                        {"accounting", "noise", "selection", "open_rows", "outer_joins", "epsilon",
                         "delta", "epsilon_per_query", "users_noise", "delta_per_query"}),
            out);
  } else {
    read_threshold_only(
        file,
        YamlSection(file, section.at("threshold_only"), "threshold_only", {"guarantee", "queries"}),
        out);
  }
  demand(policy::check_privacy(out), file, node, "privacy");
}

void read_limits(const YamlFile& file, const YAML::Node& node, policy::Limits& out) {
  const YamlSection section(file, node, "limits", {"rows", "seconds", "memory_mib", "result_rows"});
  if (section.has("rows")) {
    out.rows = static_cast<std::uint64_t>(section.integer("rows", 1, 1'000'000'000'000));
  }
  if (section.has("seconds")) {
    out.seconds = static_cast<std::uint32_t>(section.integer("seconds", 1, 86'400));
  }
  if (section.has("memory_mib")) {
    out.memory_mib = static_cast<std::uint64_t>(section.integer("memory_mib", 64, 1 << 20));
  }
  if (section.has("result_rows")) {
    out.result_rows = static_cast<std::uint32_t>(section.integer("result_rows", 1, 1'000'000));
  }
}

void read_tables(const YamlFile& file, const YAML::Node& node, policy::Policy& out) {
  for (const auto& [name, body] : named_entries(file, node, "tables")) {
    out.tables.push_back(read_table(file, name, body, out));
  }
  std::sort(out.tables.begin(), out.tables.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

void read_templates(const YamlFile& file, const YAML::Node& node, policy::Policy& out) {
  for (const auto& [name, body] : named_entries(file, node, "templates")) {
    out.templates.push_back(read_template(file, name, body, out));
  }
  std::sort(out.templates.begin(), out.templates.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

}  // namespace

policy::Policy parse_collaboration(const std::string& text, const std::filesystem::path& path,
                                   const BuildOptions& options, Entropy& entropy) {
  const YamlFile file = YamlFile::parse(text, path.string());
  const YamlSection root(
      file, file.root, "the file",
      {"collaboration", "members", "tables", "templates", "privacy", "trust", "limits"});
  policy::Policy out;
  out.limits.rows = 100'000'000;
  read_header(file, root.at("collaboration"), options, out);
  read_members(file, root.at("members"), options.rehearsal, out);
  read_privacy(file, root.at("privacy"), out.privacy);
  read_tables(file, root.at("tables"), out);
  if (root.has("templates")) read_templates(file, root.at("templates"), out);
  out.trust = read_trust(file, root.at("trust"), options.rehearsal);
  demand(policy::check_trust(out.trust), file, root.at("trust"), "trust");
  if (root.has("limits")) read_limits(file, root.at("limits"), out.limits);
  if (options.id && options.previous != nullptr && *options.id != out.id) {
    throw Mistake("the policy cannot be built", "--id", "the version before has another id",
                  "leave --id out");
  }
  if (options.id) out.id = *options.id;
  if (out.id.empty()) out.id = fresh_id(entropy);
  demand(policy::check(out), file, file.root, out.name);
  return out;
}

policy::Policy read_collaboration(const std::filesystem::path& path, const BuildOptions& options,
                                  Entropy& entropy) {
  const auto text = read_file(path, kFileBytesMax);
  if (!text) {
    throw Mistake("the policy cannot be built", path.string(), words_of(text.error()),
                  "see docs/spec/policy.md for how to write one");
  }
  return parse_collaboration(*text, path, options, entropy);
}

}  // namespace gbx::client
