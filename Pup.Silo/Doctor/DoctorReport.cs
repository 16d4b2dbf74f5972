using System.Text.Json.Serialization;

namespace Pup.Silo.Doctor;

/// <summary>What an examination found.</summary>
/// <param name="Findings">What is not as it should be, worst first.</param>
/// <param name="Notes">What is as it should be and yet worth knowing, and what could not be seen.</param>
internal sealed record DoctorReport(IReadOnlyList<Finding> Findings, IReadOnlyList<string> Notes)
{
    /// <summary>Whether there is nothing to act on; hints are not.</summary>
    [JsonPropertyOrder(-1)]
    public bool Healthy => Findings.All(finding => finding.Severity == Severity.Hint);
}
