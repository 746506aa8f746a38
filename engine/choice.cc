#include "engine/choice.h"

namespace gbx::engine {

std::string_view choice_name(Choice choice) {
  if (choice == Choice::merge) return "merge";
  return choice == Choice::duckdb ? "duckdb" : "automatic";
}

std::optional<Choice> choice_from(std::string_view name) {
  for (const Choice choice : {Choice::automatic, Choice::merge, Choice::duckdb}) {
    if (choice_name(choice) == name) return choice;
  }
  return std::nullopt;
}

}  // namespace gbx::engine
