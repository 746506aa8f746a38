#include <memory>

#include "cli/mistakes.h"
#include "cli/template_view.h"
#include "cli/verbs.h"
#include "client/policy/rehearsal.h"
#include "client/policy/template_text.h"

namespace gbx::cli {
namespace {

constexpr std::size_t kDigitsShown = 16;  // of a digest

struct TemplateChoice {
  std::string name;
  std::string policy;
  std::string member;
};

policy::Policy read_policy(const TemplateChoice& choice) {
  return client::rehearse_file(choice.policy).policy();
}

void list(const Console& console, const TemplateChoice& choice) {
  const policy::Policy policy = read_policy(choice);
  TextTable table{{"name", "version", "digest", "parameters", "approved by"},
                  {false, true, false, false, false},
                  {}};
  Json json{Json::Array()};
  for (const policy::Template& entry : policy.templates) {
    std::string names;
    for (const policy::Parameter& parameter : entry.parameters) {
      names += (names.empty() ? "" : ", ") + parameter.name;
    }
    table.rows.push_back({entry.name, std::to_string(entry.version),
                          to_hex(policy::template_digest(entry)).substr(0, kDigitsShown), names,
                          client::approvals_text(entry)});
    json.push(template_json(entry));
  }
  console.say(policy.templates.empty() ? "The policy has no templates." : table.text());
  console.print(Json::object({{"templates", std::move(json)}}));
}

void show(const Console& console, const TemplateChoice& choice) {
  const policy::Policy policy = read_policy(choice);
  const policy::Template& entry = client::find_template(policy, choice.name);
  console.say(client::show_template(entry));
  console.print(template_json(entry));
}

void check(const Console& console, const TemplateChoice& choice) {
  const policy::Policy policy = read_policy(choice);
  if (!choice.name.empty()) client::find_template(policy, choice.name);
  if (policy.templates.empty()) {
    throw Failure("nothing was checked", choice.policy, "the policy has no templates",
                  "docs/reference/templates.md shows how to write one");
  }
  const std::string member = asking_member(choice.member, choice.policy, policy);
  const std::size_t refused = check_templates(console, policy, member, choice.name);
  if (refused == 0) return;
  throw Failure(std::to_string(refused) + " of the templates do not pass", choice.policy, "", "");
}

using TemplateVerb = void (*)(const Console&, const TemplateChoice&);

CLI::App* add_verb(CLI::App& group, Console& console, const std::string& name,
                   const std::string& about, TemplateVerb run) {
  CLI::App* verb = group.add_subcommand(name, about);
  auto choice = std::make_shared<TemplateChoice>();
  if (name != "list") {
    verb->add_option("name", choice->name, "The template's name")->required(name == "show");
  }
  verb->add_option("--policy", choice->policy, "policy.json, signed or not, or collaboration.yaml")
      ->required();
  if (name == "check") {
    verb->add_option("--as", choice->member, "Who asks (the first member who may)");
  }
  verb->callback([&console, choice, run] { telling_mistakes([&] { run(console, *choice); }); });
  return verb;
}

}  // namespace

void add_template_verbs(CLI::App& app, Console& console) {
  CLI::App* group = app.add_subcommand("template", "Questions that the members have agreed on");
  group->require_subcommand(1);
  group->footer("Example: glovebox template list --policy policy.json");
  add_verb(*group, console, "list", "The policy's templates", list)
      ->footer("Example: glovebox template list --policy policy.json");
  add_verb(*group, console, "show", "One template: parameters, SQL, and the digest to approve",
           show)
      ->footer("Example: glovebox template show overlap --policy policy.json");
  add_verb(*group, console, "check", "What a room would say to each template, without a room",
           check)
      ->footer(
          "Each template is tried with its defaults and at the ends of what its parameters allow.\n"
          "Exit code 0: all are accepted and approved by whose tables they read; 1: some are "
          "not.\n"
          "Example: glovebox template check --policy collaboration.yaml --as newsnow");
  add_template_run(*group, console);
}

}  // namespace gbx::cli
