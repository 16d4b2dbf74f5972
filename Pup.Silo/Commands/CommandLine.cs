using System.CommandLine;
using Npgsql;
using Pup.Grains;
using Pup.Grains.Schema;
using Pup.Silo.Hosting;

namespace Pup.Silo.Commands;

/// <summary>The commands, and how their failures become one line and an exit code.</summary>
internal static class CommandLine
{
    private const int WrongUse = 2;
    private const int Interrupted = 130;

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
        };
        var parsed = root.Parse(IsOwnHost(args, root) ? ["run", .. args] : args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors is [var first, ..])
        {
            await Console.Error.WriteLineAsync($"pup: {first.Message} See 'pup --help'.");
            return WrongUse;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = SiloLifetime.ShutdownTimeout + TimeSpan.FromSeconds(10),
            });
        }
        catch (StartupException e)
        {
            return await FailAsync(e.Message, e.ExitCode);
        }
        catch (SchemaException e)
        {
            return await FailAsync(e.Message, 1);
        }
        catch (NpgsqlException e)
        {
            return await FailAsync(DatabaseCheck.Explain(e), 1);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            return await FailAsync(e.Message, 1);
        }
        catch (OperationCanceledException)
        {
            return await FailAsync("interrupted", Interrupted);
        }
    }

    // A host of one's own is started for its projections; the shipped one shows what it can do.
    private static bool IsOwnHost(string[] args, RootCommand root) =>
        System.Reflection.Assembly.GetEntryAssembly() != typeof(CommandLine).Assembly
        && (args.Length == 0 || (args[0].StartsWith("--", StringComparison.Ordinal) && !root.Options.Any(o => o.Name == args[0] || o.Aliases.Contains(args[0]))));

    private static async Task<int> FailAsync(string message, int exitCode)
    {
        await Console.Error.WriteLineAsync($"pup: {message}");
        return exitCode;
    }
}
