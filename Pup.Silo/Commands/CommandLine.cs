using System.CommandLine;
using Pup.Grains;
using Pup.Silo.Commands.Operations;
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
        if (parsed.Errors is [var first, ..])
        {
            await Console.Error.WriteLineAsync($"pup: {first.Message} See 'pup --help'.");
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

    // A host of one's own is started for its projections; the shipped one shows what it can do.
    private static bool IsOwnHost(string[] args, RootCommand root) =>
        System.Reflection.Assembly.GetEntryAssembly() != typeof(CommandLine).Assembly
        && (args.Length == 0 || (args[0].StartsWith("--", StringComparison.Ordinal) && !root.Options.Any(o => o.Name == args[0] || o.Aliases.Contains(args[0]))));
}
