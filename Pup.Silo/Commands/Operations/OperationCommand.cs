using System.CommandLine;

namespace Pup.Silo.Commands.Operations;

/// <summary>What commands on one projection have in common.</summary>
internal static class OperationCommand
{
    private static readonly TimeSpan _moment = TimeSpan.FromSeconds(2);

    public static Argument<string> Name() => new("NAME") { Description = "Name of the projection." };

    public static Option<bool> Yes() => new("--yes", "-y") { Description = "Do it without asking." };

    /// <summary>Lets a command do something with the projections, and answer.</summary>
    /// <param name="command">The command; its own arguments stand before the flags that all have.</param>
    /// <param name="run">What it does; the last argument says whether to answer as JSON.</param>
    public static Command Does(this Command command, Func<ParseResult, Operation, bool, CancellationToken, Task<int>> run)
    {
        var flags = new OperationFlags(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var operation = flags.Open(parsed);
            return await run(parsed, operation, flags.IsJson(parsed), cancellationToken);
        });
        return command;
    }

    /// <summary>Waits for a change, and says after a moment what for: without a silo it is half a minute.</summary>
    public static async Task AnswerAsync(Task change)
    {
        if (await Task.WhenAny(change, Task.Delay(_moment, TimeProvider.System)) != change)
            await Console.Error.WriteLineAsync("No silo has answered yet; trying for as long as --patience says.");
        await change;
    }
}
