using System.CommandLine;
using Pup.Grains;
using Pup.Silo.Commands.Operations;
using Pup.Silo.Configuration;
using Pup.Silo.Hosting;

namespace Pup.Silo.Commands;

/// <summary>The commands, and how their failures become one line and an exit code.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] args, Action<PupBuilder> configure)
    {
        var run = RunCommand.Create(configure);
        var root = new RootCommand("Runs projections of a PostgreSQL event log on Orleans.")
        {
            run,
            DemoCommand.Create(),
            MigrateCommand.Create(),
            AcceptLogCommand.Create(),
            DoctorCommand.Create(),
            ListCommand.Create(),
            LagCommand.Create(),
            StatusCommand.Create(),
            RebuildCommand.Create(),
            RebuildCommand.CreateCancel(),
            ChangeCommands.CreatePause(),
            ChangeCommands.CreateResume(),
            ChangeCommands.CreateRestart(),
            ChangeCommands.CreateRepartition(),
            CatchUpCommand.Create(configure),
            DeadLetterCommand.Create(),
            HealthCommand.Create(),
            SqlCommand.Create(),
        };
        var parsed = root.Parse(IsOwnHost(args, root) ? ["run", .. args] : args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors.Count > 0)
        {
            await Console.Error.WriteLineAsync($"pup: {Explain(parsed)}");
            return ExitCodes.WrongUse;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = SiloLifetime.ShutdownTimeout + TimeSpan.FromSeconds(10),
            });
        }
        catch (Exception e) when (Failure.Of(e) is { } failure)
        {
            await Console.Error.WriteLineAsync($"pup: {failure.Message}");
            return failure.ExitCode;
        }
    }

    // What is mistyped counts more than what is missing because of it.
    private static string Explain(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = command is RootCommand ? "pup" : string.Join(' ', command.Parents.OfType<Command>().Where(static parent => parent is not RootCommand)
            .Select(static parent => parent.Name).Prepend("pup").Append(command.Name));
        if (parsed.UnmatchedTokens is not [var token, ..])
            return $"{parsed.Errors[0].Message} See '{path} --help'.";
        var isOption = token.StartsWith('-');
        IEnumerable<string> known = isOption
            ? command.Options.SelectMany(static option => option.Aliases.Prepend(option.Name))
            : command.Subcommands.SelectMany(static subcommand => subcommand.Aliases.Prepend(subcommand.Name));
        return isOption ? $"'{path}' has no option '{token}'.{Spelling.Suggest(token, known)} See '{path} --help'."
            : command.Subcommands.Count > 0 ? $"'{path}' has no command '{token}'.{Spelling.Suggest(token, known)} See '{path} --help'."
            : $"'{path}' does not take '{token}'. See '{path} --help'.";
    }

    // A host of one's own is started for its projections; the shipped one shows what it can do.
    private static bool IsOwnHost(string[] args, RootCommand root) =>
        System.Reflection.Assembly.GetEntryAssembly() != typeof(CommandLine).Assembly
        && (args.Length == 0 || (args[0].StartsWith("--", StringComparison.Ordinal) && !root.Options.Any(o => o.Name == args[0] || o.Aliases.Contains(args[0]))));
}
