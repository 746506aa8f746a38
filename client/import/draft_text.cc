// A draft as the text of collaboration.yaml.

#include <algorithm>
#include <cctype>

#include "client/import/draft.h"

namespace gbx::client {
namespace {

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// The words that YAML reads as something else than text.
std::string scalar(const std::string& name) {
  std::string folded;
  for (const char c : name)
    folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return folded == "null" ? "\"" + name + "\"" : name;
}

// Printable text, in double quotes.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string list_of(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) out.push_back(scalar(name));
  return "[" + joined(out) + "]";
}

bool is_summed(const DraftTable& table, const std::string& column) {
  return std::any_of(table.aggregates.begin(), table.aggregates.end(), [&](const auto& aggregate) {
    return (aggregate.function == "SUM" || aggregate.function == "AVG") &&
           holds(aggregate.columns, column);
  });
}

bool is_used(const DraftTable& table, const std::string& column) {
  return table.custom || column == table.person || holds(table.list_columns, column) ||
         holds(table.dimensions, column) || holds(table.filter_columns, column) ||
         std::any_of(table.aggregates.begin(), table.aggregates.end(),
                     [&](const auto& aggregate) { return holds(aggregate.columns, column); });
}

class Writer {
 public:
  explicit Writer(Draft draft) : draft_(std::move(draft)) {}

  Imported write() {
    line("# Drafted from " + draft_.source +
         ". Read the report beside it, and every line of this.");
    line("# A word that begins with FILL_IN is a fact that the source does not say: while one is");
    line("# left, `glovebox policy build` refuses this file.");
    header();
    members();
    privacy();
    line("tables:");
    for (const DraftTable& table : draft_.tables) write_table(table);
    line("trust:");
    const std::string word = blank("assurance", "trust", "the weakest word that a room may prove");
    const std::string image = blank("image", "trust", "what `glovebox measure` prints");
    line("  min_assurance: " + word + "   # HW-CVM or another word");
    line("  sim: {images: [" + image + "]}   # or the section of your platform");
    return {std::move(text_), std::move(draft_.notes)};
  }

 private:
  void line(const std::string& text) { text_ += text + "\n"; }

  std::string blank(const std::string& name, const std::string& subject, const std::string& what) {
    return draft_.blank(name, subject, what);
  }

  void header() {
    line("collaboration:");
    line("  name: " + (draft_.name.empty() ? "Imported from " + draft_.source : draft_.name));
    line("  expires: " + blank("expires", "collaboration", "the last day, as YYYY-MM-DD") +
         "   # YYYY-MM-DD");
  }

  void members() {
    line("members:   # identity: the file that the member's `glovebox identity export` wrote");
    if (draft_.members.empty()) {
      draft_.members = {{"FILL_IN_owner", {"provide"}}, {"FILL_IN_asker", {"query", "receive"}}};
      draft_.note(Fate::blank, "members",
                  "FILL_IN_owner, FILL_IN_asker: who takes part, and who may do what");
    } else {
      draft_.note(Fate::blank, "members", "each member's identity file beside the draft");
    }
    for (const DraftMember& member : draft_.members) {
      line("  - identity: " + member.name + ".id");
      line("    abilities: " + list_of(member.abilities));
    }
  }

  void privacy() {
    line("privacy:");
    std::int64_t least = 0;
    for (const DraftTable& table : draft_.tables) {
      if (table.people_min > 0)
        least = least == 0 ? table.people_min : std::min(least, table.people_min);
    }
    line("  k: " + (least > 0
                        ? std::to_string(std::max<std::int64_t>(least, 2))
                        : blank("k", "privacy", "how many people a row stands for at least")));
    const auto number = [&](const std::string& key, const std::string& value,
                            const std::string& what) {
      line("    " + key + ": " +
           (value.empty() ? blank(key, "privacy", what) + "   # " + what : "\"" + value + "\""));
    };
    line("  dp:");
    number("epsilon", draft_.epsilon, "of each table, in all: \"3\"");
    number("delta", draft_.delta, "of each table, in all: \"1e-6\"");
    if (!draft_.users_noise.empty()) {
      line("    users_noise: " + draft_.users_noise);
    } else {
      number("epsilon_per_query", draft_.epsilon_per_query, "what a question costs: \"0.1\"");
    }
    if (!draft_.delta_per_query.empty()) {
      line("    delta_per_query: \"" + draft_.delta_per_query + "\"");
    }
    if (draft_.groups_per_person) {
      line("  contribution: {groups: " + std::to_string(*draft_.groups_per_person) + ", rows: " +
           blank("rows", "privacy", "how many rows of a person count in a group") + "}");
    }
  }

  void write_column(const DraftTable& table, const DraftColumn& column, bool used) {
    const std::string subject = table.name + "." + column.name;
    const std::string key = table.name + "_" + column.name;
    std::string out = "      " + std::string(used ? "" : "# ") + scalar(column.name) + ": {";
    if (column.name == table.person) {
      line(out + "label: person, identifier: " +
           blank(key + "_identifier", subject, "email or phone: what the token is made of") +
           "}   # email or phone");
      return;
    }
    const auto missing = [&](const std::string& name, const std::string& what) {
      return used ? blank(key + "_" + name, subject, what) : std::string("...");
    };
    const bool typed = column.type && !column.type->word.empty();
    out +=
        "type: " + (typed ? column.type->word
                          : missing("type", "text, integer, decimal, date, timestamp or boolean"));
    if (typed && column.type->scale > 0) out += ", scale: " + std::to_string(column.type->scale);
    out +=
        column.sensitive || is_summed(table, column.name) ? ", label: sensitive" : ", label: plain";
    if (column.nullable) out += ", nullable: true";
    if (used && is_summed(table, column.name)) {
      const std::string low = missing("low", "the smallest value; sums and averages need bounds");
      const std::string high = missing("high", "the largest value");
      out += ", bounds: [" + low + ", " + high + "]";
    }
    const bool number = typed && (column.type->word == "integer" || column.type->word == "decimal");
    const bool bare = table.custom && number && !column.sensitive;
    line(out + "}" + (bare ? "   # bounds: [least, most] to sum it" : ""));
  }

  void write_table(const DraftTable& table) {
    line("  " + scalar(table.name) + ":");
    line("    owner: " + (table.owner.empty()
                              ? blank(table.name + "_owner", table.name, "the member that has it")
                              : table.owner));
    line("    columns:   # or manifest: the file that `glovebox prepare` takes");
    std::vector<std::string> unused;
    for (const DraftColumn& column : table.columns) {
      const bool used = is_used(table, column.name);
      write_column(table, column, used);
      if (!used) unused.push_back(column.name);
    }
    if (table.person.empty()) {
      const std::string name =
          blank(table.name + "_person?", table.name, "the column that says whose a row is");
      const std::string identifier =
          blank(table.name + "_identifier", table.name, "email or phone");
      line("      " + name + ": {label: person, identifier: " + identifier + "}");
    }
    if (!unused.empty()) {
      draft_.note(Fate::left_out, table.name,
                  "no rule names " + joined(unused) + ": they do not enter the room");
    }
    write_rule(table);
  }

  void write_rule(const DraftTable& table) {
    if (!table.row_filter.empty()) line("    row_filter: " + quoted(table.row_filter));
    line("    rule:");
    if (table.custom) {
      write_custom(table);
    } else if (!table.list_columns.empty()) {
      write_list(table);
    } else {
      write_aggregation(table);
    }
    write_controls(table);
  }

  void write_aggregation(const DraftTable& table) {
    line("      aggregation:");
    line("        aggregateColumns:" + std::string(table.aggregates.empty() ? " []" : ""));
    for (const DraftAggregate& aggregate : table.aggregates) {
      line("          - {columnNames: " + list_of(aggregate.columns) +
           ", function: " + aggregate.function + "}");
    }
    const bool joins = table.joins && !table.person.empty();
    line("        joinColumns: " + (joins ? list_of({table.person}) : "[]"));
    if (table.join_required) line("        joinRequired: QUERY_RUNNER");
    if (table.join_operators) {
      line("        allowedJoinOperators: " + list_of(*table.join_operators));
    }
    line("        dimensionColumns: " + list_of(table.dimensions));
    line("        scalarFunctions: " + list_of(table.functions));
    write_minimum(table, "outputConstraints");
  }

  void write_list(const DraftTable& table) {
    line("      list:");
    line("        joinColumns: " + list_of({table.person}));
    line("        listColumns: " + list_of(table.list_columns));
    if (table.join_operators) {
      line("        allowedJoinOperators: " + list_of(*table.join_operators));
    }
    line("        minimumAudience: " +
         (table.people_min > 1
              ? std::to_string(table.people_min)
              : blank(table.name + "_minimum", table.name, "the least size of a list") +
                    "   # persons"));
  }

  void write_custom(const DraftTable& table) {
    line("      custom:");
    line("        allowedAnalyses: " + list_of(table.analyses));
    if (!table.providers.empty()) {
      line("        allowedAnalysisProviders: " + list_of(table.providers));
    }
    if (!table.disallowed.empty()) {
      line("        disallowedOutputColumns: " + list_of(table.disallowed));
    }
    if (table.needs_noise) {
      line("        differentialPrivacy: {columns: [{name: " + scalar(table.person) + "}]}");
    }
    write_minimum(table, "aggregationThresholds");
  }

  void write_minimum(const DraftTable& table, const std::string& key) {
    if (table.people_min < 2) return;
    const std::string person =
        table.person.empty() ? "FILL_IN_" + table.name + "_person?" : scalar(table.person);
    line("        " + key + ":");
    line("          - {columnName: " + person + ", minimum: " + std::to_string(table.people_min) +
         ", type: COUNT_DISTINCT}");
  }

  void write_controls(const DraftTable& table) {
    if (!table.additional.empty() && table.additional != "NOT_ALLOWED") {
      line("        additionalAnalyses: " + table.additional);
    }
    if (table.comparisons) {
      line("        comparisonControls:");
      line("          allowedLiteralComparisonColumns: " +
           list_of(table.comparisons->literal_columns));
      line("          allowedColumnComparisonColumns: " +
           list_of(table.comparisons->column_columns));
    }
    if (table.receivers) line("        allowedResultReceivers: " + list_of(*table.receivers));
    std::vector<std::string> budget;
    for (const auto& [window, questions] : table.access) {
      budget.push_back("{window: " + window + ", queries: " + std::to_string(questions) + "}");
    }
    if (!table.list_columns.empty() && !table.access.contains("lifetime")) {
      budget.push_back(
          "{window: lifetime, queries: " +
          blank(table.name + "_lists", table.name, "how many lists a member may have") + "}");
    }
    if (!budget.empty()) line("        accessBudget: [" + joined(budget) + "]");
  }

  Draft draft_;
  std::string text_;
};

}  // namespace

Imported write_draft(Draft draft) { return Writer(std::move(draft)).write(); }

}  // namespace gbx::client
