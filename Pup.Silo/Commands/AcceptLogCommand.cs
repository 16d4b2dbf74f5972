using System.CommandLine;
using Pup.Grains.Feed;
using Pup.Silo.Hosting;

namespace Pup.Silo.Commands;

/// <summary><c>pup accept-log</c>: an operator says that the log, as it now stands, is the one to go on with.</summary>
internal static class AcceptLogCommand
{
    public static Command Create()
    {
        var command = new Command("accept-log", "After the log went back (restore, truncate): accepts the log as it now stands, once checkpoints and read models match it.");
        var flags = new ConfigurationFlags(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var configuration = flags.Read(parsed);
            DatabaseCheck.RequireAddress(configuration);
            await using var dataSource = PupConnectionString.CreateDataSource(PupConnectionString.DedicatedSession(configuration.Options));
            Console.WriteLine(await new LogAcceptance(dataSource).AcceptAsync(Environment.UserName, cancellationToken));
            return 0;
        });
        return command;
    }
}
