using Npgsql;
using Pup.Grains;
using Pup.Silo.Clustering;
using Pup.Silo.Doctor;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Doctor;

/// <summary>Examines a test's database, without waiting for long.</summary>
internal static class Doctors
{
    public static readonly DoctorLimits Quick = new() { Watch = TimeSpan.FromMilliseconds(300) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<DoctorReport> ExamineAsync(
        TestDatabase database, DoctorLimits? limits = null, string? connectionString = null, PupOptions? options = null, IPartitionStatuses? statuses = null)
    {
        await using var dataSource = NpgsqlDataSource.Create((connectionString ?? database.ConnectionString) + ";Pooling=false;Application Name=pup doctor");
        await using var examined = await ExaminedDatabase.OpenAsync(dataSource, options ?? new PupOptions(), new ClusterSettings(), limits ?? Quick, statuses, Token);
        return await Examination.RunAsync(examined, TimeProvider.System, Token);
    }

    /// <summary>The only finding.</summary>
    public static Finding Only(DoctorReport report)
    {
        Assert.True(report.Findings.Count == 1, Text(report));
        Assert.Equal(report.Findings[0].Severity == Severity.Hint, report.Healthy);
        return report.Findings[0];
    }

    /// <summary>The finding of this code; there may be others.</summary>
    public static Finding Of(DoctorReport report, string code)
    {
        Assert.True(report.Findings.Count(finding => finding.Code == code) == 1, $"{code}? {Text(report)}");
        return report.Findings.Single(finding => finding.Code == code);
    }

    public static void AssertNone(DoctorReport report) => Assert.True(report.Findings.Count == 0, Text(report));

    /// <summary>Says that a silo hosts a projection, as a living silo does.</summary>
    public static Task AnnounceAsync(TestDatabase database, string projection = "ledger", string silo = "127.0.0.1:1@1") =>
        database.ExecuteAsync("insert into projection_silos (silo, projection_name, configured_partitions) values ($1, $2, 1)", silo, projection);

    private static string Text(DoctorReport report) => string.Join('\n', report.Findings.Select(finding => finding.ToString()).Concat(report.Notes));
}
