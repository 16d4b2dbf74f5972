using System.CommandLine;
using System.Text.Json;
using Npgsql;
using Shop.Ordering;
using Shop.Web;

namespace Shop.Load;

/// <summary><c>Shop load</c>: customers who know what they want, at an even rate.</summary>
internal static class LoadCommand
{
    public static Task<int> RunAsync(string[] args)
    {
        var rate = Number("--rate", 500, 10_000, "Orders a second.");
        var seconds = Number("--seconds", 10, 86_400, "How long.");
        var json = new Option<bool>("--json") { Description = "Say what was done as a line of JSON." };
        var command = new RootCommand("Places orders in the shop at an even rate; every second one is paid.") { rate, seconds, json };
        command.SetAction((parsed, cancellationToken) => RunAsync(new LoadSettings(parsed.GetValue(rate), parsed.GetValue(seconds)), parsed.GetValue(json), cancellationToken));
        return command.Parse(args).InvokeAsync();
    }

    private static async Task<int> RunAsync(LoadSettings settings, bool asJson, CancellationToken cancellationToken)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.AddShop();
        using var host = builder.Build();
        try
        {
            await using (var create = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(OrderRequests.CreateSql))
                await create.ExecuteNonQueryAsync(cancellationToken);
            var result = await new LoadRun(host.Services.GetRequiredService<OrderDesk>(), settings).RunAsync(cancellationToken);
            Console.WriteLine(asJson ? JsonSerializer.Serialize(result, JsonSerializerOptions.Web) : result.ToString());
            return 0;
        }
        catch (Exception exception) when (exception is NpgsqlException or ArgumentException)
        {
            await Console.Error.WriteLineAsync($"Shop load: {exception.Message} Is DATABASE_URL right, and has `Shop` or `Shop silo` made the tables?");
            return 1;
        }
    }

    private static Option<int> Number(string name, int standard, int most, string description)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => standard };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1 || result.GetValueOrDefault<int>() > most)
                result.AddError($"{name} is between 1 and {most}.");
        });
        return option;
    }
}
