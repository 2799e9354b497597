// Prices as dicts, and what tokens come to by them.
#include "common.hpp"

namespace kimistream::python {
namespace {

py::object number(const std::optional<double>& value) { return value ? py::object(py::float_(*value)) : py::none(); }

py::dict from_price(const Price& price) {
  py::dict row;
  row["provider"] = text(price.provider);
  row["model"] = text(price.model);
  row["input"] = price.input;
  row["cached"] = number(price.cached);
  row["output"] = price.output;
  row["cache_write"] = number(price.cache_write);
  row["cache_write_1h"] = number(price.cache_write_1h);
  row["batch_input"] = number(price.batch_input);
  row["batch_cached"] = number(price.batch_cached);
  row["batch_output"] = number(price.batch_output);
  row["currency"] = text(price.currency);
  row["date"] = text(price.date);
  row["source"] = text(price.source);
  return row;
}

Price to_price(const py::dict& row) {
  const auto words = [&](const char* name) { return row.contains(name) ? from_str(row[name], name) : std::string(); };
  const auto amount = [&](const char* name) -> std::optional<double> {
    if (!row.contains(name) || row[name].is_none()) return std::nullopt;
    return row[name].cast<double>();
  };
  return {.provider = words("provider"),
          .model = words("model"),
          .input = amount("input").value_or(0),
          .output = amount("output").value_or(0),
          .cached = amount("cached"),
          .cache_write = amount("cache_write"),
          .cache_write_1h = amount("cache_write_1h"),
          .batch_input = amount("batch_input"),
          .batch_cached = amount("batch_cached"),
          .batch_output = amount("batch_output"),
          .currency = words("currency"),
          .date = words("date"),
          .source = words("source")};
}

std::optional<std::int64_t> counter(const py::object& usage, const char* name) {
  const py::object value = usage.attr(name);
  if (value.is_none()) return std::nullopt;
  return value.cast<std::int64_t>();
}

}  // namespace

std::vector<Price> to_prices(py::handle rows) {
  std::vector<Price> prices;
  if (!rows.is_none())
    for (const auto row : rows) prices.push_back(to_price(py::reinterpret_borrow<py::dict>(row)));
  return prices;
}

void register_prices(py::module_& module) {
  module.def(
      "prices",
      [] {
        py::list rows;
        for (const Price& price : prices()) rows.append(from_price(price));
        return rows;
      },
      "The library's own table: a list of dicts.");
  module.def(
      "price_of",
      [](const Client& client, const py::object& model) -> py::object {
        const Price* price = client.price(model.is_none() ? std::string() : from_str(model, "model"));
        return price ? py::object(from_price(*price)) : py::none();
      },
      py::arg("client"), py::arg("model") = py::none(), "What a model costs this client, or None.");
  module.def(
      "cost_of",
      [](const py::object& usage, const py::dict& price, bool batch) {
        return number(cost_of({.prompt_tokens = counter(usage, "prompt_tokens"),
                               .completion_tokens = counter(usage, "completion_tokens"),
                               .cached_tokens = counter(usage, "cached_tokens"),
                               .cache_write_tokens = counter(usage, "cache_write_tokens"),
                               .cache_write_1h_tokens = counter(usage, "cache_write_1h_tokens")},
                              to_price(price), batch));
      },
      py::arg("usage"), py::arg("price"), py::arg("batch") = false, "What the tokens come to, or None.");
}

}  // namespace kimistream::python
