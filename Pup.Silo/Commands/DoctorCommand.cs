using System.CommandLine;
using Npgsql;
using Pup.Client.Operations.Cluster;
using Pup.Grains.Feed;
using Pup.Silo.Commands.Operations;
using Pup.Silo.Configuration;
using Pup.Silo.Doctor;
using Pup.Silo.Hosting;

namespace Pup.Silo.Commands;

/// <summary><c>pup doctor</c>: says in words what is wrong, and what to do about it.</summary>
internal static class DoctorCommand
{
    private const string ApplicationName = "pup doctor";

    public static Command Create()
    {
        var command = new Command("doctor", "Examines database and projections for a few seconds, and says what is wrong and what to do. Ends with 0 when there is nothing to act on, with 1 when there is.");
        var json = new Option<bool>("--json") { Description = "Answer as one line of JSON." };
        command.Add(json);
        var flags = new ConfigurationFlags(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var configuration = flags.Read(parsed);
            DatabaseCheck.RequireAddress(configuration);
            var report = await ExamineAsync(configuration, cancellationToken);
            if (parsed.GetValue(json))
                Answer.Json(report);
            else
                DoctorText.Write(report, Answer.Terminal);
            return report.Healthy ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static async Task<DoctorReport> ExamineAsync(SiloConfiguration configuration, CancellationToken cancellationToken)
    {
        var address = PupConnectionString.DedicatedSession(configuration.Options);
        address.ApplicationName = ApplicationName;
        try
        {
            await using var operation = Operation.Direct(configuration, patience: null);
            await using var dataSource = PupConnectionString.CreateDataSource(address);
            await using var database = await ExaminedDatabase.OpenAsync(dataSource, configuration.Options, configuration.Cluster, new DoctorLimits(), new GrainStatuses(operation.Services.GetRequiredService<IClusterAccess>()), cancellationToken);
            return await Examination.RunAsync(database, TimeProvider.System, cancellationToken);
        }
        catch (NpgsqlException e)
        {
            return new DoctorReport(
                [new Finding(Severity.Error, Codes.DatabaseUnreachable, DatabaseCheck.Explain(e), "the server", "Nothing else can be examined before that.")], []);
        }
    }
}
