"""What a field writes about must survive: nothing here is personal data."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kdvert.privacy.scrubber import Scrubber

TEXTS = {
    "medicine": [
        "Metformin 500 mg twice daily lowers HbA1c below 7.0 percent within 3 months.",
        "Parkinson disease, Crohn disease and Hashimoto thyroiditis are coded G20, K50.90 and E06.3.",
        "Give heparin 5000 units, then 18 units/kg per hour; check aPTT at 6 hours.",
        "The visit was billed with CPT 99213 and LOINC 4548-4; NDC 0093-7214-01 was dispensed.",
        "Trial NCT04471902 (PMID 10340286) enrolled 1,240 patients between 1998 and 2004.",
        "Blood pressure was 142/90 mm Hg and eGFR 58 mL/min/1.73 m2; sodium 138 mmol/L.",
        "The BRCA1 c.5266dupC and CFTR p.Phe508del variants are pathogenic.",
        "Device class II, 21 CFR 880.5725, covers infusion pumps.",
        "METHODS: Between January 2003 and June 2005, 112 consecutive patients underwent ureteroscopy.",
        "Much of this information comes from Orphanet, a European database.",
    ],
    "finance": [
        "The custody account holds CUSIP 037833100 and ISIN US0378331005, and the bank quotes SEDOL 2046251.",
        "Apple Inc. (ticker AAPL) filed Form 10-K, Commission File Number 001-36743, for fiscal 2019.",
        "Net sales rose 12.5% to $394,328 million; the loan of 250000000 matures in 2031.",
        "LEI HWUPKR0MPOU8FGXBT394 names the firm; its account with the clearing house is flat.",
        "Account 1010 (cash) is debited and account 4000 (revenue) is credited for 12,500 dollars.",
        "The 10-year Treasury note yields 4.25 percent against 3.90 percent last quarter.",
        "ASC 606-10-25-1 and IFRS 15 govern revenue; SOX section 404 asks for controls.",
        "Sales to Vantrell Technologies Co., Ltd. (“Vantrell”) ended in 2019. The debt of Vantrell is unsecured.",
        "The quartiles give IQR = Q3 - Q1, and PV = | -97.00 after 3 years; MXN1 = USD0.0500.",
    ],
    "law": [
        "28 U.S.C. 1332(a) and Fed. R. Civ. P. 12(b)(6) govern the motion.",
        "The rule of [2015] UKSC 11 and [2021] EWHC 1234 (Ch) was applied.",
        "AIR 1978 SC 597 and (2018) 5 SCC 233 are the leading reports.",
        "Regulation (EU) 2016/679 and Directive 93/13/EEC apply; see Case C-131/12.",
        "See 347 U.S. 483, 495 (1954), and 410 F.3d 1025, 1031 (9th Cir. 2005).",
        "Section 302 of the Penal Code of 1860 carries a sentence of 10 years.",
        "The steps were established in Orvane v. Tallwick Power Co. and in Ossby v Lund [2004] UKHL 17.",
        "UCC 2-207 and Restatement (Second) of Contracts section 90 differ.",
        "The Clean Air Act, 42 U.S.C. 7401 to 7671q, was amended by Public Law No. 101-549.",
    ],
    "education": [
        "MATH 101 covers functions, and the Common Core standard CCSS.MATH.CONTENT.4.NF.A.1 covers fractions.",
        "The class of 28 learners scored 84 percent on average, up from 71 percent.",
        "Under 20 U.S.C. 1232g and 34 CFR part 99 a school keeps education records.",
        "Grade 5 reads 120 words per minute; grade 6 reads 145.",
        "Chapter 4, pages 120-145, explains classical conditioning.",
        "Kurt Achtermann (1890–1947) founded the school. Achtermann is read today (Brandmere & Tallis, 1992).",
        "A GPA of 3.42 on a 4.0 scale met the cutoff of 3.25.",
    ],
    "science": [
        "Escherichia coli K-12 MG1655 was grown at 37 °C in LB with 100 µg/mL ampicillin.",
        "Reads are in SRR4471902 and GSE44719; the genome is NC_000913.3, accession phs000424.",
        "The effect was t(412) = 2.31, p = .021, 95% CI [0.12, 1.48].",
        "Use primer 5'-ACGTTGCAAGTC-3' at 60 °C for 30 cycles, catalog no. R0447S.",
        "Water (CAS 7732-18-5) boils at 373.15 K; doi 10.1038/s41586-020-2649-2.",
        "The R01 mechanism and the SARS-CoV-2 B.1.1.7 lineage are described in chapter 12.",
        "Yersinia pestis, Eikenella corrodens and T. pallidum were cultured; the T. pallidum strain grew.",
        "Plot 14 lies at 44° N, 123° W and holds 1,240 trees.",
    ],
}


@pytest.mark.parametrize("vertical", sorted(TEXTS))
def test_domain_text_survives(vertical: str, make_scrubber: Callable[..., Scrubber]) -> None:
    scrubber = make_scrubber(vertical)
    assert [done for text in TEXTS[vertical] if (done := scrubber.scrub("text", text).text) != text] == []


STATEMENT = (
    "Customer Orla Vandermeer holds 40 shares, CUSIP 037833100, ISIN US0378331005, in account number 000418823907 "
    "with routing number 021000021; her Indian PAN is BKLPR4417Q, her card 4111 1111 1111 1111, CVV 417."
)


def test_securities_are_told_from_the_accounts_that_hold_them(make_scrubber: Callable[..., Scrubber]) -> None:
    done = make_scrubber("finance").scrub("statement", STATEMENT).text
    assert "CUSIP 037833100, ISIN US0378331005, in account number [FINANCIAL_ACCOUNT_1]" in done
    assert "routing number [ABA_ROUTING_NUMBER_1]" in done
    assert not any(raw in done for raw in ("Vandermeer", "000418823907", "BKLPR4417Q", "4111 1111", "417"))
    assert "[REMOVED_CARD_SECURITY_CODE]" in done
