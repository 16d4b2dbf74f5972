using Npgsql;
using Pup.Client.Operations.Cluster;
using Pup.Grains.Feed;
using Pup.Silo.Configuration;
using Pup.Silo.Doctor.Checks;
using Pup.Silo.Hosting;

namespace Pup.Silo.Doctor;

/// <summary>All checks, one after the other, over a short time in which what should move can be seen to move.</summary>
internal static class Examination
{
    private const string ApplicationName = "pup doctor";

    /// <summary>The checks that need all tables.</summary>
    private static ICheck[] Checks() =>
    [
        new PrivilegesCheck(),
        new ServerCheck(),
        new LogSequenceCheck(),
        new LogHistoryCheck(),
        new ProjectionsCheck(),
        new ProgressCheck(),
        new WritersCheck(),
        new LocksCheck(),
        new DeadlocksCheck(),
        new LoadCheck(),
        new ConnectionsCheck(),
        new IndexesCheck(),
        new VacuumCheck(),
    ];

    /// <summary>Examines the database of a configuration through a session of its own. That it cannot be reached is a finding, too.</summary>
    public static async Task<DoctorReport> RunAsync(SiloConfiguration configuration, IClusterAccess cluster, TimeProvider time, CancellationToken cancellationToken)
    {
        var address = PupConnectionString.DedicatedSession(configuration.Options);
        address.ApplicationName = ApplicationName;
        try
        {
            await using var dataSource = PupConnectionString.CreateDataSource(address);
            await using var database = await ExaminedDatabase.OpenAsync(dataSource, configuration.Options, configuration.Cluster, new DoctorLimits(), new GrainStatuses(cluster), cancellationToken);
            return await RunAsync(database, time, cancellationToken);
        }
        catch (NpgsqlException e)
        {
            return new DoctorReport(
                [new Finding(Severity.Error, Codes.DatabaseUnreachable, DatabaseCheck.Explain(e), "the server", "Nothing else can be examined before that.")], []);
        }
    }

    public static async Task<DoctorReport> RunAsync(ExaminedDatabase database, TimeProvider time, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        await TryAsync(new SchemaCheck(), database, findings, cancellationToken);
        if (!findings.Exists(static finding => finding.Severity == Severity.Error))
            await RunAsync(Checks(), database, findings, time, cancellationToken);
        return new DoctorReport([.. findings.OrderByDescending(static finding => finding.Severity)], database.Notes);
    }

    private static async Task RunAsync(ICheck[] checks, ExaminedDatabase database, List<Finding> findings, TimeProvider time, CancellationToken cancellationToken)
    {
        await TryAsync("Living silos", () => database.FindSilosAsync(cancellationToken), database, findings);
        var failed = new HashSet<ICheck>();
        var started = time.GetTimestamp();
        foreach (var check in checks)
        {
            if (!await TryAsync(check.Subject, () => check.BeginAsync(database, cancellationToken), database, findings))
                failed.Add(check);
        }

        var left = database.Limits.Watch - time.GetElapsedTime(started);
        if (left > TimeSpan.Zero)
            await Task.Delay(left, time, cancellationToken);
        foreach (var check in checks.Where(check => !failed.Contains(check)))
            await TryAsync(check, database, findings, cancellationToken);
    }

    private static Task<bool> TryAsync(ICheck check, ExaminedDatabase database, List<Finding> findings, CancellationToken cancellationToken) =>
        TryAsync(check.Subject, async () => findings.AddRange(await check.EndAsync(database, cancellationToken)), database, findings);

    // A check that fails must not keep the others from looking, nor pass for one that found nothing.
    private static async Task<bool> TryAsync(string subject, Func<Task> look, ExaminedDatabase database, List<Finding> findings)
    {
        try
        {
            await look();
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            database.Note($"{subject} could not be looked at: {e.MessageText}.");
        }
        catch (PostgresException e) when (e.SqlState is not PostgresErrorCodes.AdminShutdown and not PostgresErrorCodes.CrashShutdown)
        {
            findings.Add(new Finding(
                Severity.Warning,
                Codes.NotExamined,
                $"{subject} could not be looked at: {e.MessageText}.",
                $"database {database.Name}",
                e.SqlState == PostgresErrorCodes.LockNotAvailable
                    ? "A schema change, TRUNCATE or LOCK TABLE is under way or waits: see pg_locks; run `pup doctor` again when it is over."
                    : "Run `pup doctor` again; if it stays, what the server says is the lead."));
        }
        catch (IncompleteLookException e)
        {
            findings.Add(new Finding(Severity.Warning, Codes.NotExamined, $"{subject} could not be looked at. {e.Message}", $"database {database.Name}", "Set that right first, then run `pup doctor` again."));
        }

        return false;
    }
}
